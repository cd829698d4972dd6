/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What comes over the network or from a daemon's own files, against any bytes. An input's first letter says which
 * reader it is for:
 *
 *   h  a heartbeat, as it is behind its MAC: taken in, and what is known then is asked for
 *   e  etcd's answer to a range: documents, whose tree becomes a configuration
 *   s  the last state of a store, a file
 *   a  addresses, networks, endpoints, numbers: what is taken is written and taken again as the same
 *   c  an echoed timestamp, keys and a flow's hash: every id comes back from its cookie
 *
 * Nothing may crash or leak, and no figure may come out that is none. The corpus is tests/fuzz/messages.
 */
#include "tests/fuzz/fuzz.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/errors.h"
#include "base/number.h"
#include "base/tree.h"
#include "core/config.h"
#include "core/load.h"
#include "daemon/last_state.h"
#include "daemon/shared.h"
#include "io/yaml.h"
#include "wire/cookie.h"
#include "wire/hash.h"

const char fuzz_holds[] = "no message and no file of a daemon makes its reader fail";

static void must(bool held)
{
	if (!held)
		abort();
}

/* Heartbeats */

static const char fleet[] =
	"infrastructure: fd48::/32\nsecret: s\nsites: {ams: {locator: \"fd48:0:0:1::/64\"}}\n"
	"gateways: {g1: {locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}}\n"
	"backends: {b1: {id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}}\n"
	"services: {web: {vips: [198.51.100.80], protocol: tcp, ports: 80, backends: {b1: {}}}}\n";

static struct config *fleet_config(void)
{
	static struct config *config; /* of all inputs: it is only read */
	_cleanup_errors_ struct errors errors = {};
	_cleanup_tree_ struct tree *tree = NULL;

	if (!config)
		must(yaml_tree_parse(fleet, strlen(fleet), "fleet", &errors, &tree) == 0 &&
		     config_from_tree(tree, &errors, &config) == 0);
	return config;
}

static void ask_load(struct load *load, uint64_t now_us)
{
	const struct config *config = fleet_config();
	struct load_figures figures;

	load_look(load, now_us);
	load_lap(load);
	load_of_host(load, 1, now_us);
	load_listener_gone(load, &config->services[0], 1);
	if (load_of_backend(load, &config->services[0], 1, now_us, &figures))
		must(isfinite(figures.opened_per_s) && figures.opened_per_s >= 0 &&
		     isfinite(figures.lap_per_s) && figures.lap_per_s >= 0 &&
		     isfinite(figures.requests_per_s) && figures.requests_per_s >= 0);
	load_of_site(load, &config->services[0], &config->sites[0], now_us, &figures);
}

/* The input is one message after another, each 40 bytes and what fits; half of them are of who is known. */
static void take_heartbeats(const uint8_t *data, size_t size)
{
	_cleanup_(load_freep) struct load *load = NULL;
	uint64_t now_us = 1000000;
	uint16_t id;

	must(load_new(fleet_config(), NULL, &load) == 0);
	while (size) {
		size_t n = size < sizeof(struct heartbeat) ? size : sizeof(struct heartbeat);
		struct heartbeat message = {};

		n = n > HEARTBEAT_BYTES(1) ? HEARTBEAT_BYTES(1) + data[0] % (n - HEARTBEAT_BYTES(1)) : n;
		memcpy(&message, data, n);
		load_take(load, &message, n, now_us, &id);
		message.magic = HEARTBEAT_MAGIC;
		message.version = HEARTBEAT_VERSION;
		message.count %= HEARTBEAT_ENTRIES_MAX + 1;
		if (data[0] & 1)
			message.backend = htobe16(1);
		if (data[0] & 2)
			message.entries[0].service = htobe64(load_service("web"));
		load_take(load, &message, HEARTBEAT_BYTES(message.count), now_us, &id);
		now_us += 1 + data[0] * 1000;
		ask_load(load, now_us);
		data += n;
		size -= n;
	}
}

/* Stores */

static void read_documents(const struct documents *documents)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_tree_ struct tree *tree = NULL, *salvaged = NULL;
	_cleanup_config_ struct config *config = NULL;
	char why[DOCUMENTS_WHY_MAX];

	documents_judge(documents, why);
	documents_revision(documents);
	if (shared_tree("store", documents, &errors, &tree) == 0)
		config_from_tree(tree, &errors, &config);
	shared_salvage("store", documents, &salvaged);
}

static void read_answer(const char *text, size_t size)
{
	const struct shared shared = {.prefix = (char *)"/holdfast", .name = (char *)"store"};
	_cleanup_(documents_clear) struct documents documents = {};
	json_t *answer = json_loadb(text, size, 0, NULL);

	if (answer && shared_take_all(&shared, answer, &documents) == 0)
		read_documents(&documents);
	json_decref(answer);
}

static void read_state(const char *text, size_t size)
{
	_cleanup_(documents_clear) struct documents documents = {};
	_cleanup_close_ int fd = memfd_create("state", MFD_CLOEXEC);
	char path[64];

	must(fd >= 0 && write(fd, text, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (last_state_read(path, &documents) == 0)
		read_documents(&documents);
}

/* Texts */

static void parse_address(const char *text)
{
	char written[ADDRESS_TEXT_MAX];
	union address address, again;

	if (address_parse(text, &address) == 0)
		must(address_parse(address_format(&address, written), &again) == 0 &&
		     address_equal(&address, &again));
}

static void parse_network(const char *text)
{
	char written[NETWORK_TEXT_MAX];
	struct network network, again;

	if (network_parse(text, &network) == 0)
		must(network_parse(network_format(&network, written), &again) == 0 &&
		     network_compare(&network, &again) == 0);
}

static void parse_endpoint(const char *text)
{
	char written[ENDPOINT_TEXT_MAX];
	struct endpoint endpoint, again;

	if (endpoint_parse(text, &endpoint) == 0)
		must(endpoint_parse(endpoint_format(&endpoint, written), &again) == 0 &&
		     address_equal(&endpoint.address, &again.address) && endpoint.port == again.port);
}

static void parse_text(const char *data, size_t size)
{
	_cleanup_free_ char *text = strndup(data, size);
	uint64_t number;

	must(text);
	parse_address(text);
	parse_network(text);
	parse_endpoint(text);
	if (number_parse(text, 4711, &number) == 0)
		must(number <= 4711);
}

/* Cookies */

static void decode_cookie(const uint8_t *data, size_t size)
{
	struct {
		struct cookie_keys keys;
		uint64_t flow_hash;
		uint32_t tsecr;
	} input = {};
	uint32_t id;

	memcpy(&input, data, size < sizeof(input) ? size : sizeof(input));
	input.keys.live = 3;
	input.keys.current &= 1;
	id = cookie_decode(input.tsecr, input.flow_hash, &input.keys);
	must(id <= COOKIE_ID_MASK);
	id = input.tsecr & COOKIE_ID_MASK;
	must(cookie_decode(cookie_encode(input.tsecr, id, input.flow_hash, &input.keys), input.flow_hash,
			   &input.keys) == id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (!size)
		return 0;
	switch (data[0]) {
	case 'h':
		take_heartbeats(data + 1, size - 1);
		break;
	case 'e':
		read_answer(text, size - 1);
		break;
	case 's':
		read_state(text, size - 1);
		break;
	case 'a':
		parse_text(text, size - 1);
		break;
	case 'c':
		decode_cookie(data + 1, size - 1);
		break;
	}
	return 0;
}
