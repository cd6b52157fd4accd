"""The only readers of `contracts/`: find, load, match, render."""

from mockidp.contract.files import contracts_folder, index
from mockidp.contract.load import load
from mockidp.contract.wire import Exchange, Wire

__all__ = ["Exchange", "Wire", "contracts_folder", "index", "load"]
