/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * holdfast-agent: on a backend, reads the configuration, prepares the host, loads the programs that
 * claim packets and stamp replies, and answers the command line. Packets are claimed with or without
 * it.
 */
#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/connections.h"
#include "agent/host.h"
#include "agent/programs.h"
#include "agent/pulse.h"
#include "base/fib.h"
#include "base/log.h"
#include "daemon/alone.h"
#include "daemon/events.h"
#include "daemon/exports.h"
#include "daemon/inputs.h"
#include "daemon/interfaces.h"
#include "daemon/ledger.h"
#include "daemon/loop.h"
#include "daemon/metrics.h"
#include "daemon/options.h"
#include "daemon/push.h"
#include "daemon/store.h"
#include "io/control.h"

static const struct daemon_program program = {
	.name = "holdfast-agent",
	.subject = "the agent on an anycast service's backend",
	.summary = "The agent of a backend: takes its connections' packets from the gateways, and\n"
		   "nobody else's.",
	.bpffs = "/sys/fs/bpf/holdfast/agent",
	.socket = "/run/holdfast/agent.sock",
	.state = "/var/lib/holdfast/agent.state",
};

struct agent_daemon {
	struct daemon_options options;
	struct pins *pins;
	struct fib *fib; /* of which the agent looks at nothing; it is told of changes */
	struct rtnetlink *netlink;
	sd_event_source *settled; /* the links, after a change */
	struct interfaces *interfaces;
	struct host *host;
	struct connections *connections;
	struct exports *exports;
	struct push *push;
	struct pulse *pulse;
	struct store *store;
	struct ledger *ledger;
	/* Replaced together by a configuration that was read, planned and applied. */
	struct inputs *inputs;
	const struct config_backend *self;
	struct plan *plan;
	struct programs *programs;
};

/* The host's former state is remembered beside the socket: both are of this boot. */
static int host_open_beside(struct rtnetlink *netlink, const char *socket, struct host **ret)
{
	_cleanup_free_ char *record = NULL;

	if (asprintf(&record, "%s.undo", socket) < 0)
		return -ENOMEM;
	return host_open(netlink, record, ret);
}

/* A configuration that was read and planned, but not applied. */
struct change {
	struct inputs *inputs;
	const struct config_backend *self;
	struct plan *plan;
	struct programs *programs;
};

static void change_clear(struct change *change)
{
	programs_free(change->programs);
	plan_free(change->plan);
	inputs_free(change->inputs);
}

/* What rests as of now, and what connections of this host carry. */
static const struct rests *rests_now(const struct agent_daemon *agent)
{
	enum rests_carried carried[COOKIE_EPOCHS] = {};

	if (agent->inputs)
		connections_carried(agent->connections, agent->inputs->config->cookie_epoch, carried);
	ledger_see(agent->ledger, carried);
	return ledger_rests(agent->ledger);
}

static int change_read(const struct agent_daemon *agent, struct change *change)
{
	const struct daemon_options *options = &agent->options;
	int r = inputs_read(options->config, agent->store, rests_now(agent),
			    &change->inputs);

	if (r < 0)
		return r;
	change->self = config_backend(change->inputs->config, options->node);
	if (!change->self || !change->self->agent) {
		log_error("%s: backends: there is no %s%s, name this node with --node", options->config,
			  options->node,
			  change->self ? " with an agent"
			  : config_gateway(change->inputs->config, options->node) ? " (it is a gateway)"
										  : "");
		return -ENOENT;
	}
	r = plan_agent(change->inputs->config, change->self, &change->plan);
	return r < 0 ? r : scheme_apply(options->scheme, change->plan);
}

/* Loading takes a second, in which nobody hears of this host: only for settings that are the programs' own. */
static int change_load(struct agent_daemon *agent, struct change *change)
{
	struct agent_settings settings =
		plan_agent_settings(change->inputs->config, change->self, &change->inputs->keys,
				    change->plan);
	int r = agent->pins ? 0 : pins_open(agent->options.bpffs, &agent->pins);

	if (r < 0)
		return r;
	settings.fingerprint = change->inputs->keys.fingerprint;
	settings.plain_clock = scheme_has_plain_clock(agent->options.scheme);
	if (!programs_fit(agent->programs, &settings)) {
		r = programs_new(agent->pins, &settings, &change->programs);
		if (r < 0)
			return r;
	}
	r = programs_put_vips(change->programs ? change->programs : agent->programs, change->plan);
	if (r < 0)
		log_error("%s: does not fit the tables: %s", agent->options.config, strerror(-r));
	return r;
}

static void adopt(struct agent_daemon *agent, struct change *change)
{
	plan_free(agent->plan);
	inputs_free(agent->inputs);
	agent->inputs = take(change->inputs);
	agent->self = change->self;
	agent->plan = take(change->plan);
	if (change->programs) {
		programs_free(agent->programs);
		agent->programs = take(change->programs);
	}
	if (connections_follow(agent->connections, agent->plan,
			       programs_connections(agent->programs)) < 0)
		log_error("the services' connections are not counted: out of memory");
}

static void use_world(struct agent_daemon *agent)
{
	struct pulse_world world = {
		.config = agent->inputs->config,
		.self = agent->self,
		.keys = &agent->inputs->keys,
		.plan = agent->plan,
		.connections = agent->connections,
		.programs = agent->programs,
	};
	int r = pulse_use(agent->pulse, &world);

	if (r < 0)
		log_error("gateways do not hear of this host: %s", strerror(-r));
}

/* On those interfaces that are there: the others come later. -ENODEV: none is there. */
static int prepare_and_attach(const struct agent_daemon *agent, bool runs)
{
	const struct config_backend *self = agent->self;
	_cleanup_free_ char **there = calloc(self->n_interfaces + 1, sizeof(*there));
	int prepared, attached;
	size_t n;

	if (!there)
		return -ENOMEM;
	n = interfaces_there(agent->interfaces, self->interfaces, self->n_interfaces,
			     "the agent's programs are", if_nametoindex, there);
	prepared = host_prepare(agent->host, agent->plan, there, n);
	if (prepared < 0 && !runs)
		return prepared;
	attached = n ? programs_attach(agent->programs, agent->pins, agent->host, there, n) : -ENODEV;
	return prepared < 0 ? prepared : attached;
}

/*
 * Reads, plans, applies; the host is ready before the first packet is claimed. In an agent that runs already
 * packets are claimed, and what it was told goes to its programs whatever the host says.
 */
static int configure(struct agent_daemon *agent)
{
	_cleanup_(change_clear) struct change change = {};
	bool runs = agent->plan;
	int r;

	r = change_read(agent, &change);
	if (r == 0)
		r = change_load(agent, &change);
	if (r < 0)
		return r;
	inputs_compare_epochs(agent->inputs, change.inputs);
	adopt(agent, &change);
	exports_listen(agent->exports, agent->inputs->config->metrics.agent_listen);
	push_use(agent->push, &agent->inputs->config->metrics.influx, agent->options.config);
	use_world(agent);
	ledger_take(agent->ledger, agent->inputs->config);
	store_taken(agent->store, "agent", agent->self->name, agent->self->site->name);
	return prepare_and_attach(agent, runs);
}

static void on_reload(void *userdata)
{
	struct agent_daemon *agent = userdata;

	store_reopen(agent->store);
	if (configure(agent) < 0)
		event_say(EVENT_CONFIG_REFUSED, ABOUT(),
			  "%s: not taken over, the former configuration goes on",
			  agent->options.config);
	else
		event_say(EVENT_CONFIG_READ, ABOUT(), "%s: read again", agent->options.config);
}

static void on_store_changed(void *userdata)
{
	struct agent_daemon *agent = userdata;

	if (configure(agent) < 0)
		event_say(EVENT_CONFIG_REFUSED, ABOUT(),
			  "store: not taken over, the former configuration goes on");
}

/* Following the links */

#define SETTLE_US (50 * 1000) /* links come with addresses and routes, and neighbours change all the time */
#define ACCURACY_US 1000

static void on_network_changed(void *userdata)
{
	struct agent_daemon *agent = userdata;
	int waits = SD_EVENT_OFF;

	sd_event_source_get_enabled(agent->settled, &waits);
	if (!agent->plan || waits != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(agent->settled, SETTLE_US);
	sd_event_source_set_enabled(agent->settled, SD_EVENT_ONESHOT);
}

/* An interface that was missing, or that is made anew, has neither our settings nor our programs. */
static void prepare_those_that_came(const struct agent_daemon *agent)
{
	const struct config_backend *self = agent->self;
	char *came;

	while ((came = interfaces_came(agent->interfaces, self->interfaces, self->n_interfaces,
				       if_nametoindex))) {
		host_prepare_interface(agent->host, came);
		if (programs_attach(agent->programs, agent->pins, agent->host, &came, 1) == 0)
			log_info("%s: the interface has come, and has the agent's programs", came);
	}
}

static int on_settled(sd_event_source *source, uint64_t due_us, void *userdata)
{
	const struct agent_daemon *agent = userdata;

	prepare_those_that_came(agent);
	host_set_route(agent->host, agent->plan);
	return 0;
}

static int follow_links(struct agent_daemon *agent, sd_event *event)
{
	int r = sd_event_add_time_relative(event, &agent->settled, CLOCK_MONOTONIC, 0, ACCURACY_US,
					   on_settled, agent);

	if (r >= 0)
		r = sd_event_source_set_enabled(agent->settled, SD_EVENT_OFF);
	if (r < 0)
		return r;
	agent->fib = fib_new();
	agent->interfaces = interfaces_new();
	if (!agent->fib || !agent->interfaces)
		return -ENOMEM;
	return rtnetlink_new(event, agent->fib, on_network_changed, agent, &agent->netlink);
}

/* Answers on the control socket */

/* null: not known. */
static json_t *connections_json(const struct agent_daemon *agent, size_t service)
{
	uint32_t n;

	return connections_of(agent->connections, service, &n) ? json_integer(n) : json_null();
}

static json_t *services_json(const struct agent_daemon *agent)
{
	json_t *list = json_array();

	for (size_t i = 0; i < agent->plan->n_services; i++) {
		const struct config_service *service = agent->plan->services[i].config;
		json_t *vips = json_array();

		for (size_t j = 0; j < service->n_vips; j++) {
			char text[NETWORK_TEXT_MAX];

			json_array_append_new(vips,
					      json_string(network_format(&service->vips[j], text)));
		}
		json_array_append_new(
			list, json_pack("{s:s s:o s:s s:[ii] s:b s:o}", "name", service->name, "vips", vips,
					"protocol", service->protocol == IPPROTO_UDP ? "udp" : "tcp",
					"ports", service->port_first, service->port_last, "cookie",
					(agent->plan->services[i].flags & SERVICE_COOKIE) != 0,
					"connections", connections_json(agent, i)));
	}
	return list;
}

/* For its entry in the store. */
static void agent_look(struct sight *ret, void *userdata)
{
	const struct agent_daemon *agent = userdata;
	struct sight sight = {.services = agent->plan->n_services, .cpu = pulse_cpu(agent->pulse)};
	uint32_t n;

	for (size_t i = 0; i < agent->plan->n_services; i++)
		if (connections_of(agent->connections, i, &n)) {
			sight.heard = true;
			sight.connections += n;
		}
	*ret = sight;
}

/* For the page. */
static void agent_lines(struct history_lines *ret, void *userdata)
{
	const struct agent_daemon *agent = userdata;
	uint32_t n;

	for (size_t i = 0; i < agent->plan->n_services && i < HISTORY_SERVICES_MAX; i++) {
		bool known = connections_of(agent->connections, i, &n);

		ret->services[ret->n_services] = agent->plan->services[i].config->name;
		ret->of_services[ret->n_services++] =
			(struct history_line){known ? n : NAN, NAN, NAN, NAN};
	}
}

static int answer_status(const struct control_request *request, void *userdata, json_t **ret)
{
	const struct agent_daemon *agent = userdata;
	struct agent_settings settings =
		plan_agent_settings(agent->inputs->config, agent->self, &agent->inputs->keys, agent->plan);
	json_t *interfaces = json_array();
	char sid[ADDRESS_TEXT_MAX];
	uint64_t sent, refused;

	pulse_counts(agent->pulse, &sent, &refused);
	for (size_t i = 0; i < agent->self->n_interfaces; i++)
		json_array_append_new(interfaces, json_string(agent->self->interfaces[i]));
	*ret = json_pack("{s:s s:s s:s s:s s:i s:s s:{s:i s:i} s:{s:I s:I} s:o s:o s:o}", "role", "agent", "node",
			 agent->self->name, "site", agent->self->site->name, "config",
			 agent->options.config, "id", agent->self->id, "sid",
			 address_format(&settings.accept, sid), "mss", "ipv4", settings.mss_v4,
			 "ipv6", settings.mss_v6, "heartbeats", "sent", (json_int_t)sent, "refused",
			 (json_int_t)refused, "cookie-epochs",
			 inputs_cookie_epochs(agent->inputs), "interfaces", interfaces, "services",
			 services_json(agent));
	if (*ret) {
		json_object_set_new(*ret, "store", store_json(agent->store));
		json_object_set_new(*ret, "resting", ledger_counts_json(agent->ledger));
	}
	return *ret ? 0 : -ENOMEM;
}

static int answer_rests(const struct control_request *request, void *userdata, json_t **ret)
{
	const struct agent_daemon *agent = userdata;

	rests_now(agent);
	*ret = ledger_json(agent->ledger);
	return *ret ? 0 : -ENOMEM;
}

static int answer_counters(const struct control_request *request, void *userdata, json_t **ret)
{
	const struct agent_daemon *agent = userdata;
	json_t *counters;
	int r = programs_counters(agent->programs, &counters);

	if (r < 0)
		return control_refuse(ret, r, "cannot read the counters: %s", strerror(-r));
	*ret = json_pack("{s:s s:s s:o}", "node", agent->self->name, "role", "agent", "counters",
			 counters);
	return 0;
}

static int answer_metrics(const struct control_request *request, void *userdata, json_t **ret)
{
	const struct agent_daemon *agent = userdata;
	int r = metrics_gather(answer_status, answer_counters, userdata, ret);

	if (r == 0)
		json_object_set_new(*ret, "push", push_json(agent->push));
	return r;
}

static const struct control_resource resources[] = {
	{"/status", answer_status},
	{"/counters", answer_counters},
	{"/metrics", answer_metrics},
	{"/events", answer_events},
	{"/rests", answer_rests},
	{},
};

/* First nobody claims any more, then the host becomes what it was. */
static int detach(const struct daemon_options *options)
{
	struct rtnetlink *netlink = NULL;
	struct host *host = NULL;
	_cleanup_close_ int lock = -1;
	int r = alone_lock(options, &lock);

	if (r < 0)
		return r;
	r = rtnetlink_new(NULL, NULL, NULL, NULL, &netlink);
	if (r == 0)
		r = host_open_beside(netlink, options->socket, &host);
	if (r == 0)
		r = pins_remove(options->bpffs, true);
	if (r == 0)
		r = host_undo(host);
	if (r < 0)
		log_error("not detached: %s%s", strerror(-r), pins_hint(r));
	host_free(host);
	rtnetlink_free(netlink);
	return r;
}

static int run(struct agent_daemon *agent)
{
	struct control *control = NULL;
	struct loop *loop = NULL;
	int r = alone_ask(&agent->options);

	if (r == 0)
		r = loop_new(agent->options.config, on_reload, agent, &loop);
	if (r >= 0)
		r = follow_links(agent, loop_event(loop));
	if (r >= 0)
		r = host_open_beside(agent->netlink, agent->options.socket, &agent->host);
	if (r >= 0)
		r = connections_new(loop_event(loop), &agent->connections);
	if (r >= 0)
		r = exports_new(loop_event(loop), answer_metrics, answer_counters, agent_lines,
				agent, &agent->exports);
	if (r >= 0)
		r = push_new(loop_event(loop), answer_metrics, agent, &agent->push);
	if (r >= 0)
		r = pulse_new(loop_event(loop), &agent->pulse);
	if (r >= 0)
		r = store_new(loop_event(loop), agent->options.state, on_store_changed, agent_look, agent,
			      &agent->store);
	if (r >= 0)
		r = ledger_new(loop_event(loop), agent->options.state, &agent->ledger);
	if (r >= 0)
		r = configure(agent);
	if (r >= 0) {
		r = control_new(loop_event(loop), agent->options.socket, resources, agent, &control);
		if (r < 0)
			log_error("%s: cannot listen there: %s", agent->options.socket,
				  strerror(-r));
	}
	if (r >= 0)
		r = loop_run(loop, agent->self->name);
	control_free(control);
	agent->connections = connections_free(agent->connections);
	exports_free(agent->exports);
	push_free(agent->push);
	pulse_free(agent->pulse);
	ledger_free(agent->ledger);
	store_free(agent->store);
	sd_event_source_disable_unref(agent->settled);
	loop_free(loop);
	return r;
}

int main(int argc, char **argv)
{
	struct agent_daemon agent = {};
	int r = daemon_options_parse(&program, argc, argv, &agent.options);

	if (r != 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (agent.options.detach)
		return detach(&agent.options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	r = run(&agent);
	host_free(agent.host);
	rtnetlink_free(agent.netlink);
	fib_free(agent.fib);
	interfaces_free(agent.interfaces);
	programs_free(agent.programs);
	plan_free(agent.plan);
	inputs_free(agent.inputs);
	pins_free(agent.pins);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
