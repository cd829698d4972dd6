/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

#define ADDRESS_BITS 128
#define V4_BITS 32

int address_parse(const char *text, union address *ret)
{
	union address address;
	__be32 v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		address_from_v4(&address, v4);
	else if (inet_pton(AF_INET6, text, &address) != 1)
		return -EINVAL;
	*ret = address;
	return 0;
}

const char *address_format(const union address *address, char text[static ADDRESS_TEXT_MAX])
{
	if (address_is_v4(address))
		inet_ntop(AF_INET, &address->words[3], text, ADDRESS_TEXT_MAX);
	else
		inet_ntop(AF_INET6, address, text, ADDRESS_TEXT_MAX);
	return text;
}

int address_compare(const union address *a, const union address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int network_parse(const char *text, struct network *ret)
{
	const char *slash = strchr(text, '/');
	char head[ADDRESS_TEXT_MAX];
	struct network network;
	unsigned int outside; /* bits in front of the ones that the text's length counts */
	uint64_t length;
	size_t n = slash ? (size_t)(slash - text) : strlen(text);

	if (n >= sizeof(head))
		return -EINVAL;
	memcpy(head, text, n);
	head[n] = '\0';
	if (address_parse(head, &network.address) < 0)
		return -EINVAL;

	/* How it is written decides: "::ffff:192.0.2.0/120" counts all 128 bits. */
	outside = strchr(head, ':') ? 0 : ADDRESS_BITS - V4_BITS;
	length = ADDRESS_BITS - outside;
	if (slash && number_parse(slash + 1, length, &length) < 0)
		return -EINVAL;
	network.length = outside + length;
	*ret = network;
	return 0;
}

const char *network_format(const struct network *network, char text[static NETWORK_TEXT_MAX])
{
	unsigned int outside = ADDRESS_BITS - V4_BITS;
	/* A network wider than all of IPv4 is not IPv4, even if its address looks like it. */
	bool v4 = address_is_v4(&network->address) && network->length >= outside;

	if (v4)
		inet_ntop(AF_INET, &network->address.words[3], text, NETWORK_TEXT_MAX);
	else
		inet_ntop(AF_INET6, &network->address, text, NETWORK_TEXT_MAX);
	if (network->length < ADDRESS_BITS)
		sprintf(text + strlen(text), "/%d", network->length - (v4 ? (int)outside : 0));
	return text;
}

int network_compare(const struct network *a, const struct network *b)
{
	int order = address_compare(&a->address, &b->address);

	return order ? order : (int)a->length - b->length;
}

struct prefix network_prefix(const struct network *network)
{
	struct prefix prefix = {};

	memset(prefix.mask.bytes, 0xff, network->length / 8);
	if (network->length % 8)
		prefix.mask.bytes[network->length / 8] = 0xff << (8 - network->length % 8);
	prefix.base.halves[0] = network->address.halves[0] & prefix.mask.halves[0];
	prefix.base.halves[1] = network->address.halves[1] & prefix.mask.halves[1];
	return prefix;
}

struct network network_base(const struct network *network)
{
	struct prefix prefix = network_prefix(network);

	return (struct network){.address = prefix.base, .length = network->length};
}

bool network_has_host_bits(const struct network *network)
{
	struct prefix prefix = network_prefix(network);

	return !address_equal(&prefix.base, &network->address);
}

bool network_holds(const struct network *network, const union address *address)
{
	struct prefix prefix = network_prefix(network);

	return prefix_holds(&prefix, address);
}

bool network_contains(const struct network *outer, const struct network *inner)
{
	return outer->length <= inner->length && network_holds(outer, &inner->address);
}

bool network_overlaps(const struct network *a, const struct network *b)
{
	return network_contains(a, b) || network_contains(b, a);
}

int endpoint_parse(const char *text, struct endpoint *ret)
{
	const char *colon = strrchr(text, ':');
	bool brackets = text[0] == '[';
	char host[ADDRESS_TEXT_MAX];
	struct endpoint endpoint;
	uint64_t port;
	size_t n;

	if (!colon || number_parse(colon + 1, UINT16_MAX, &port) < 0 || port == 0)
		return -EINVAL;
	n = colon - text;
	if (brackets) {
		if (n < 2 || colon[-1] != ']')
			return -EINVAL;
		text++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	/* "2001:db8::1:80" could mean two things, so IPv6 needs its brackets and IPv4 has none. */
	if (brackets != !!strchr(host, ':') || address_parse(host, &endpoint.address) < 0)
		return -EINVAL;
	endpoint.port = htons(port);
	*ret = endpoint;
	return 0;
}

const char *endpoint_format(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_MAX])
{
	char address[ADDRESS_TEXT_MAX];

	snprintf(text, ENDPOINT_TEXT_MAX, address_is_v4(&endpoint->address) ? "%s:%u" : "[%s]:%u",
		 address_format(&endpoint->address, address), ntohs(endpoint->port));
	return text;
}
