/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses, networks and endpoints as text, and what can be asked of them.
 *
 * Invariants: an IPv4 address is held v4-mapped (wire/address.h), so there is one family here; it
 * is written as IPv4 again. Text is what inet_pton(3) takes and inet_ntop(3) gives (RFC 5952), so a
 * zone ("%eth0") or a short IPv4 ("10.1") is no address.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/address.h"

/* A network as written: `length` counts bits of the 128 (a v4 /24 is 120). Host bits may be set. */
struct network {
	union address address;
	uint8_t length;
};

/* One end of a connection, or where to listen. */
struct endpoint {
	union address address;
	__be16 port;
};

/* Room for the longest text and its NUL. */
#define ADDRESS_TEXT_MAX INET6_ADDRSTRLEN
#define NETWORK_TEXT_MAX (ADDRESS_TEXT_MAX + 4)	 /* "/128" */
#define ENDPOINT_TEXT_MAX (ADDRESS_TEXT_MAX + 8) /* "[]:65535" */

/* "192.0.2.1", "2001:db8::1". 0 or -EINVAL. */
int address_parse(const char *text, union address *ret);

/* Writes into the caller's buffer and returns it. */
const char *address_format(const union address *address, char text[static ADDRESS_TEXT_MAX]);

/* As memcmp: the order of the bytes on the wire. */
int address_compare(const union address *a, const union address *b);

/* An address, alone or with "/length"; alone it is a network of one. 0 or -EINVAL. */
int network_parse(const char *text, struct network *ret);

/* As network_parse takes it; a network of one without its length. */
const char *network_format(const struct network *network, char text[static NETWORK_TEXT_MAX]);

/* By address, then the shorter (wider) first. */
int network_compare(const struct network *a, const struct network *b);

/* The network as BPF programs match it; host bits are cleared. */
struct prefix network_prefix(const struct network *network);

/* The same network without host bits; whether there were any is network_has_host_bits. */
struct network network_base(const struct network *network);
bool network_has_host_bits(const struct network *network);

bool network_holds(const struct network *network, const union address *address);
bool network_contains(const struct network *outer, const struct network *inner);
bool network_overlaps(const struct network *a, const struct network *b);

/* "192.0.2.1:80", "[2001:db8::1]:80"; port 1 to 65535. 0 or -EINVAL. */
int endpoint_parse(const char *text, struct endpoint *ret);
const char *endpoint_format(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_MAX]);
