/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/print.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/lists.h"

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "-";
}

static long long number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static bool is_true(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

static void print_list(const json_t *list, const char *between, FILE *to)
{
	const json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
		fprintf(to, "%s%s", i ? between : "", json_string_value(value));
}

/* Status */

static void print_ports(const json_t *service, FILE *to)
{
	const json_t *ports = json_object_get(service, "ports");
	long long first = json_integer_value(json_array_get(ports, 0));
	long long last = json_integer_value(json_array_get(ports, 1));

	fprintf(to, "%s ", text(service, "protocol"));
	if (first == 0 && last == 65535)
		fprintf(to, "any port");
	else if (first == last)
		fprintf(to, "port %lld", first);
	else
		fprintf(to, "ports %lld to %lld", first, last);
}


static void print_status_backends(const json_t *list, FILE *to)
{
	const json_t *backend;
	size_t i;

	json_array_foreach(list, i, backend) {
		char state[BACKEND_STATE_MAX];

		fprintf(to, "    %-12s id %-5lld weight %-4lld %s", text(backend, "name"),
		       number(backend, "id"), number(backend, "weight"),
		       backend_state(backend, state));
		if (number(backend, "pins") && !strstr(state, "pinned"))
			fprintf(to, ", %lld pinned flows", number(backend, "pins"));
		fprintf(to, "\n");
	}
}

static void print_policy(const json_t *policy, FILE *to)
{
	if (json_is_object(policy))
		fprintf(to, "    policy %s: %s: %s\n", text(policy, "name"), text(policy, "shares"),
			text(policy, "why"));
}

static void print_status_services(const json_t *list, FILE *to)
{
	const json_t *service;
	size_t i;

	json_array_foreach(list, i, service) {
		fprintf(to, "\nservice %s: ", text(service, "name"));
		print_list(json_object_get(service, "vips"), ", ", to);
		fprintf(to, ", ");
		print_ports(service, to);
		if (json_is_false(json_object_get(service, "agents")))
			fprintf(to, ", agentless");
		if (is_true(service, "cookie"))
			fprintf(to, ", by cookie");
		if (is_true(service, "off"))
			fprintf(to, ", switched off");
		if (json_is_string(json_object_get(service, "away")))
			fprintf(to, ", new connections go to site %s", text(service, "away"));
		if (json_is_integer(json_object_get(service, "connections")))
			fprintf(to, ", %lld connections", number(service, "connections"));
		fprintf(to, "\n");
		print_policy(json_object_get(service, "policy"), to);
		print_status_backends(json_object_get(service, "backends"), to);
	}
}

/* The current epoch is the list's first. */
static void print_epochs(const json_t *list, FILE *to)
{
	const json_t *former = json_array_get(list, 1);

	if (!json_array_size(list))
		return;
	fprintf(to, "\ncookies: new connections' of epoch %lld",
		(long long)json_integer_value(json_array_get(list, 0)));
	if (former)
		fprintf(to, ", those of epoch %lld hold", (long long)json_integer_value(former));
	fprintf(to, "\n");
}

static void print_pins(const json_t *pins, FILE *to)
{
	fprintf(to, "\npins: %lld flows, room for %lld\n", number(pins, "used"), number(pins, "room"));
}

/* The ladder's last rung: of so many connections, what the nodes' answers came to. */
static void print_whohas(const json_t *whohas, FILE *to)
{
	fprintf(to, "\nwho has it: %lld connections asked about, %lld found, %lld found closed, "
		    "%lld nobody's, %lld with somebody silent, %lld open\n",
		number(whohas, "asked"), number(whohas, "claimed"), number(whohas, "closed"),
		number(whohas, "denied"), number(whohas, "silent"), number(whohas, "open"));
}

static void print_store(const json_t *store, FILE *to)
{
	double heard_s = json_number_value(json_object_get(store, "heard_s"));

	if (!json_is_object(store))
		return;
	fprintf(to, "\nstore: ");
	if (is_true(store, "reachable"))
		fprintf(to, "%s, ", text(store, "endpoint"));
	else
		fprintf(to, "unreachable for %.0f s, ", heard_s);
	fprintf(to, "state of revision %lld\n", number(store, "revision"));
	if (!is_true(store, "reachable") && json_is_string(json_object_get(store, "why")))
		fprintf(to, "    %s\n", text(store, "why"));
	if (json_is_string(json_object_get(store, "alarm")))
		fprintf(to, "    it is read but not written, by its alarm %s: see etcdctl alarm list\n",
			text(store, "alarm"));
	if (json_is_string(json_object_get(store, "refused")))
		fprintf(to, "    its own is refused: %s\n", text(store, "refused"));
	else if (is_true(store, "reachable") && number(store, "newest") != number(store, "revision"))
		fprintf(to, "    its own, of revision %lld, is not taken over: the log says why\n",
			number(store, "newest"));
}

static void print_resting(const json_t *resting, FILE *to)
{
	long long ids = number(resting, "ids"), epochs = number(resting, "epochs");

	if (ids || epochs)
		fprintf(to, "\nresting: %lld ids of removed backends, %lld epochs of keys (holdfast rests)\n",
			ids, epochs);
}

static void print_drain(const json_t *drain, FILE *to)
{
	const char *phase = text(drain, "phase"), *end = text(drain, "end");
	double since_s = json_number_value(json_object_get(drain, "since_s"));

	if (strcmp(phase, "leaving") == 0)
		fprintf(to, "\n\ndraining for %.0f s: announced with graceful shutdown, withdrawn when clients' "
			    "traffic has left,\n    after %lld s at the latest. Clients send %.0f packets/s, "
			    "%.0f before.",
			since_s, number(drain, "limit_s"),
			json_number_value(json_object_get(drain, "packets_per_s")),
			json_number_value(json_object_get(drain, "before_per_s")));
	else if (strcmp(phase, "left") == 0)
		fprintf(to, "\n\ndrained for %.0f s: the VIPs are withdrawn%s. Clients send %.0f packets/s.",
			since_s,
			strcmp(end, "quiet") == 0   ? ", clients' traffic had left"
			: strcmp(end, "limit") == 0 ? ", clients' traffic had not left"
						    : "",
			json_number_value(json_object_get(drain, "packets_per_s")));
}

static void print_gateway_status(const json_t *status, FILE *to)
{
	const json_t *item;
	size_t i;

	fprintf(to, "\nVIPs:");
	json_array_foreach(json_object_get(status, "vips"), i, item)
		fprintf(to, " %s%s", text(item, "vip"), is_true(item, "announced") ? "" : " (withdrawn)");
	print_drain(json_object_get(status, "drain"), to);
	fprintf(to, "\n\ngateways of the site:\n");
	json_array_foreach(json_object_get(status, "gateways"), i, item)
		fprintf(to, "    %-12s %-30s %s\n", text(item, "name"), text(item, "sid"),
		       gateway_state(item));
	print_pins(json_object_get(status, "pins"), to);
	print_whohas(json_object_get(status, "who-has"), to);
}

static void print_agent_status(const json_t *status, FILE *to)
{
	const json_t *mss = json_object_get(status, "mss");

	fprintf(to, "\nid %lld, SID %s, MSS at most %lld (IPv4), %lld (IPv6)\n", number(status, "id"),
	       text(status, "sid"), number(mss, "ipv4"), number(mss, "ipv6"));
}

void print_status(const json_t *status, FILE *to)
{
	fprintf(to, "%s %s, site %s, on ", text(status, "role"), text(status, "node"),
	       text(status, "site"));
	print_list(json_object_get(status, "interfaces"), ", ", to);
	fprintf(to, ", configured by %s\n", text(status, "config"));
	if (strcmp(text(status, "role"), "gateway") == 0)
		print_gateway_status(status, to);
	else
		print_agent_status(status, to);
	print_epochs(json_object_get(status, "cookie-epochs"), to);
	print_resting(json_object_get(status, "resting"), to);
	print_store(json_object_get(status, "store"), to);
	print_status_services(json_object_get(status, "services"), to);
}

/* What rests */

static bool rests_any(const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (json_is_string(json_object_get(item, "since")))
			return true;
	return false;
}

void print_rests(const json_t *rests, FILE *to)
{
	const json_t *ids = json_object_get(rests, "ids"), *item;
	const json_t *epochs = json_object_get(rests, "epochs");
	size_t i;

	if (!rests_any(ids) && !rests_any(epochs))
		fprintf(to, "nothing rests\n");
	json_array_foreach(ids, i, item)
		if (json_is_string(json_object_get(item, "since")))
			fprintf(to, "id %-6lld until %s, was %s's\n", number(item, "id"),
				text(item, "until"), text(item, "was"));
	json_array_foreach(epochs, i, item)
		if (json_is_string(json_object_get(item, "since")))
			fprintf(to, "epoch %-3lld until %s\n", number(item, "epoch"), text(item, "until"));
}

/* Path */

static const char *replies(const json_t *path)
{
	if (strcmp(text(path, "replies"), "gateway") == 0)
		return "through the gateway that sends the packet";
	if (strcmp(text(path, "replies"), "first-pins") == 0)
		return "the first through the router, which pins the connection, then directly";
	return "directly";
}

static const char *cookie(const json_t *path)
{
	if (strcmp(text(path, "cookie"), "unknown") == 0)
		return "a packet whose timestamp names a backend goes straight there, others so:";
	return text(path, "cookie");
}

void print_path(const json_t *path, FILE *to)
{
	fprintf(to, "gateway   %s: %s\n", text(path, "gateway"), text(path, "verdict"));
	fprintf(to, "service   %s\n", text(path, "service"));
	fprintf(to, "router    %s\n", text(path, "router"));
	if (json_is_string(json_object_get(path, "cookie")))
		fprintf(to, "cookie    %s\n", cookie(path));
	if (json_is_string(json_object_get(path, "who-has")))
		fprintf(to, "who has   %s\n", text(path, "who-has"));
	if (!json_array_size(json_object_get(path, "segments")))
		return;
	fprintf(to, "row       %lld\n", number(path, "row"));
	fprintf(to, "backends  ");
	print_list(json_object_get(path, "backends"), ", then ", to);
	fprintf(to, "\nsegments  ");
	print_list(json_object_get(path, "segments"), ", ", to);
	fprintf(to, "\nreplies   %s\n", replies(path));
}

/* Off and on */

void print_switched(const json_t *answer, FILE *to)
{
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(answer, "services"), i, name)
		fprintf(to, "%s is %s\n", json_string_value(name),
			json_is_true(json_object_get(answer, "off"))
				? "off: its packets are left to the host"
				: "on");
}

void print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	printf("\n");
}
