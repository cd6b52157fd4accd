"""Bytes of a real service for a contract: captured, stripped of everything that is somebody's, and looked at once more.

What is captured lives in memory only. `redact` lets nothing through but what the contract has itself, `leak` then looks
for every value that was captured in all that is to be written, and only after that does `write` touch the disk.
"""
