// Loaded into every Node process by NODE_OPTIONS: connections to the hosts in MOCKIDP_HOSTS go to MOCKIDP_URL instead.
//
// Before version 24 Node looks at no proxy variable, neither in `fetch` nor in `https`; both end in this one function.
// The name that TLS asks for and checks stays the provider's, so the certificate is that of the authority in
// NODE_EXTRA_CA_CERTS or none. Addresses, sockets with a path and all other hosts are left alone.
"use strict";
const net = require("node:net");

const { MOCKIDP_URL, MOCKIDP_HOSTS } = process.env;
if (MOCKIDP_URL && MOCKIDP_HOSTS) {
  const { hostname, port } = new URL(MOCKIDP_URL);
  const here = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || 80 };
  const pattern = (host) => host.replace(/[\\^$.+?()[\]{}|]/g, "\\$&").replaceAll("*", "[^.:]+"); // `*` is one label
  const known = new RegExp(`^(${MOCKIDP_HOSTS.split(",").map(pattern).join("|")})$`, "i");
  const usual = (port) => port === 443 || port === 80;

  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...args) {
    const given = Array.isArray(args[0]) ? args[0] : args; // net.connect and tls.connect pass [options, callback]
    let options = given[0];
    const apart = typeof options !== "object" && typeof given[1] === "string"; // (port, host, callback)
    if (apart) options = { port: options, host: given[1] };
    const { host, port: at } = options ?? {};
    if (host && at && known.test(usual(Number(at)) ? host : `${host}:${at}`)) {
      given[0] = { ...options, ...here };
      if (this.setServername && !options.servername) this.setServername(host); // a bare tls.connect sends no name
      if (apart) given.splice(1, 1);
    }
    return connect.apply(this, args);
  };
}
