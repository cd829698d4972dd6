/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * holdfast-gateway: reads the configuration, plans, writes the tables, attaches the program,
 * announces the VIPs, and from then on follows the kernel's routes and neighbours and answers the
 * command line. Packets are forwarded with or without it.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/alone.h"
#include "daemon/events.h"
#include "daemon/interfaces.h"
#include "gateway/announce.h"
#include "gateway/gateway.h"
#include "gateway/home.h"
#include "gateway/look.h"
#include "gateway/probe_ways.h"

static const struct daemon_program program = {
	.name = "holdfast-gateway",
	.subject = "the gateway of an anycast site",
	.summary = "The gateway of an anycast site: brings every packet to the server that holds its\n"
		   "connection.",
	.bpffs = "/sys/fs/bpf/holdfast/gateway",
	.socket = "/run/holdfast/gateway.sock",
	.state = "/var/lib/holdfast/gateway.state",
};

/* A configuration that was read and planned, but not applied. */
struct change {
	struct inputs *inputs;
	const struct config_gateway *self;
	struct plan *plan;
	struct dataplane *dataplane; /* NULL: the running one goes on */
	struct gateway_settings settings;
};

static void change_clear(struct change *change)
{
	dataplane_free(change->dataplane);
	plan_free(change->plan);
	inputs_free(change->inputs);
}

static int change_read(const struct gateway_daemon *gateway, struct change *change)
{
	const struct daemon_options *options = &gateway->options;
	int r = inputs_read(options->config, gateway->store, gateway_rests(gateway),
			    &change->inputs);

	if (r < 0)
		return r;
	change->self = config_gateway(change->inputs->config, options->node);
	if (!change->self) {
		log_error("%s: gateways: there is no %s%s, name this node with --node", options->config,
			  options->node,
			  config_backend(change->inputs->config, options->node) ? " (it is a backend)" : "");
		return -ENOENT;
	}
	r = plan_gateway(change->inputs->config, change->self, &change->inputs->keys, &change->plan);
	if (r == 0)
		r = scheme_apply(options->scheme, change->plan);
	if (r < 0)
		return r;
	change->settings = plan_gateway_settings(change->inputs->config, change->self,
						 &change->inputs->keys, change->plan);
	if (gateway->trace)
		change->settings.trace = *trace_filter(gateway->trace);
	return 0;
}

static int write_tables(const struct gateway_daemon *gateway, const struct dataplane *dataplane,
			const struct plan *plan)
{
	_cleanup_free_ uint64_t *words = calloc(plan->n_vips + 1, sizeof(*words));
	int r;

	if (!words)
		return -ENOMEM;
	r = tables_apply(dataplane_tables(dataplane), plan, gateway->fib, words);
	if (r == 0)
		r = dataplane_put_networks(dataplane, plan, words);
	return r;
}

/*
 * The kernel shall keep the neighbours that our nodes, and IPv6 clients, are behind resolved: XDP never asks
 * for them. IPv4's next hop is a router that the routing daemon talks to.
 */
static void keep_neighbours(struct gateway_daemon *gateway)
{
	const struct plan *plan = gateway->plan;
	size_t n = 0, n_wanted;
	_cleanup_free_ union address *nodes =
		calloc(plan->n_backends + plan->n_sites + plan->n_routers + 1, sizeof(*nodes));
	static const union address clients = {.bytes = {0x20}}; /* 2000::, global unicast: by default */
	_cleanup_free_ struct fib_wanted *wanted = NULL;

	if (!nodes)
		return;
	for (size_t i = 0; i < plan->n_backends; i++)
		nodes[n++] = plan->backends[i].sids[0];
	for (size_t i = 0; i < plan->n_sites; i++)
		nodes[n++] = plan->sites[i].sids[0];
	for (size_t i = 0; i < plan->n_routers; i++)
		if (!(plan->routers[i].flags & DESTINATION_SELF))
			nodes[n++] = plan->routers[i].sids[0];
	nodes[n++] = clients;
	if (fib_wanted_neighbours(gateway->fib, nodes, n, &wanted, &n_wanted) < 0)
		return;
	for (size_t i = 0; i < n_wanted; i++) {
		int r;

		if (wanted[i].kept)
			continue;
		r = rtnetlink_neighbour_manage(gateway->netlink, wanted[i].ifindex,
					       &wanted[i].address);
		if (r < 0)
			log_warning("cannot keep a neighbour resolved: %s", strerror(-r));
	}
}

/* From here on the change is the state, whatever became of the rest. */
static void adopt(struct gateway_daemon *gateway, struct change *change)
{
	dataplane_free(change->dataplane ? gateway->dataplane : NULL);
	plan_free(gateway->plan);
	inputs_free(gateway->inputs);
	gateway->inputs = take(change->inputs);
	gateway->self = change->self;
	gateway->plan = take(change->plan);
	if (change->dataplane)
		gateway->dataplane = take(change->dataplane);
}

static uint64_t router_self(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_routers; i++)
		if (plan->routers[i].flags & DESTINATION_SELF)
			return plan->routers[i].identity;
	return 0;
}

/* As the tables can serve the VIPs, and as the drain has come along. */
static int announce_now(const struct gateway_daemon *gateway)
{
	return announce(gateway->netlink, gateway->plan, dataplane_tables(gateway->dataplane),
			leaving_phase(gateway->leaving));
}

static void on_leaving_changed(void *userdata)
{
	announce_now(userdata);
}

/* After every change of what inquiries go by. The first one comes before there are any. */
static void use_world(struct gateway_daemon *gateway)
{
	struct inquiries_world world = {
		.config = gateway->inputs->config,
		.self = gateway->self,
		.keys = &gateway->inputs->keys,
		.plan = gateway->plan,
		.dataplane = gateway->dataplane,
		.peers = gateway->peers,
		.monitor = gateway->monitor,
	};

	leaving_count(gateway->leaving, gateway->dataplane, router_self(gateway->plan));
	if (gateway->inquiries)
		inquiries_use(gateway->inquiries, &world);
}

/* To those interfaces that are there: the others get it when they come. -ENODEV: none is there. */
static int attach(const struct gateway_daemon *gateway, struct dataplane *dataplane,
		  const struct config_gateway *self)
{
	_cleanup_free_ char **there = calloc(self->n_interfaces + 1, sizeof(*there));
	size_t n;

	if (!there)
		return -ENOMEM;
	n = interfaces_there(gateway->interfaces, self->interfaces, self->n_interfaces,
			     "the gateway's program is", if_nametoindex, there);
	return n ? dataplane_attach(dataplane, gateway->pins, there, n) : -ENODEV;
}

/* A program with larger tables takes over with all that stands in the former ones, before they change. */
static int grow(struct gateway_daemon *gateway, struct change *change)
{
	int r = attach(gateway, change->dataplane, change->self);

	dataplane_free(gateway->dataplane);
	gateway->dataplane = take(change->dataplane);
	if (gateway->plan)
		use_world(gateway);
	return r;
}

/* Nothing was touched before: a configuration that cannot be taken leaves no folders behind. */
static int change_load(struct gateway_daemon *gateway, struct change *change)
{
	int r = gateway->pins ? 0 : pins_open(gateway->options.bpffs, &gateway->pins);

	if (r < 0)
		return r;
	if (gateway->dataplane && dataplane_fits(gateway->dataplane, &change->settings, change->plan))
		return 0;
	r = dataplane_new(gateway->pins, &change->settings, change->plan, &change->dataplane);
	if (r == 0 && dataplane_has_others(change->dataplane))
		r = grow(gateway, change);
	return r;
}

static const struct pin_table *pins_now(void *userdata)
{
	const struct gateway_daemon *gateway = userdata;

	return gateway->dataplane ? dataplane_pins(gateway->dataplane) : NULL;
}

static int begin_inquiries(struct gateway_daemon *gateway, sd_event *event)
{
	int r = inquiries_new(event, dataplane_whohas_fd(gateway->dataplane), &gateway->inquiries);

	if (r < 0)
		log_error("who has a connection cannot be found out: %s", strerror(-r));
	else
		use_world(gateway);
	return r;
}

/*
 * Reads, plans, applies. A configuration that is wrong changes nothing. Tables first, so that a
 * program that is attached finds them full; VIPs are announced last. One that starts and cannot attach
 * announces nothing; in one that runs already, drains begin and VIPs go also without an interface.
 */
static int configure(struct gateway_daemon *gateway)
{
	_cleanup_(change_clear) struct change change = {};
	const struct dataplane *dataplane;
	bool runs = gateway->plan;
	int r, attached;

	r = change_read(gateway, &change);
	if (r == 0)
		r = change_load(gateway, &change);
	if (r < 0)
		return r;
	dataplane = change.dataplane ? change.dataplane : gateway->dataplane;
	r = peers_plan(gateway->peers, change.plan, dataplane_tables(dataplane));
	steer_plan(gateway->steer, change.plan, dataplane_tables(dataplane));
	if (r == 0)
		r = monitor_plan(gateway->monitor, change.plan, dataplane_tables(dataplane));
	if (r == 0)
		r = write_tables(gateway, dataplane, change.plan);
	if (r == 0)
		r = steer_use(gateway->steer, change.plan, change.self);
	if (r < 0) {
		log_error("%s: does not fit the tables: %s%s", gateway->options.config, strerror(-r),
			  r == -ENOSPC ? " (what goes stands beside what comes until then: take it over "
					 "in steps)"
				       : "");
		return r;
	}
	inputs_compare_epochs(gateway->inputs, change.inputs);
	adopt(gateway, &change);
	use_world(gateway);
	ledger_take(gateway->ledger, gateway->inputs->config);
	store_taken(gateway->store, "gateway", gateway->self->name, gateway->self->site->name);
	r = peers_watch(gateway->peers, gateway->plan, &change.settings);
	if (r < 0)
		log_error("the site's gateways are not watched: %s", strerror(-r));
	r = monitor_watch(gateway->monitor, gateway->inputs->config, gateway->self,
			  gateway->plan, dataplane_tables(gateway->dataplane));
	if (r < 0)
		log_error("the backends' health is not watched: %s", strerror(-r));
	else
		monitor_darken(gateway->monitor, dataplane_tables(gateway->dataplane));
	exports_listen(gateway->exports, gateway->inputs->config->metrics.listen);
	push_use(gateway->push, &gateway->inputs->config->metrics.influx, gateway->options.config);
	r = loads_use(gateway->loads, gateway->inputs->config, gateway->self, &gateway->inputs->keys);
	if (r < 0)
		log_error("the backends' agents are not heard: %s", strerror(-r));
	keep_neighbours(gateway);
	home_open(); /* without it only replies that come through here are lost, and counted */
	attached = attach(gateway, gateway->dataplane, gateway->self);
	if (attached < 0 && !runs)
		return attached;
	leaving_use(gateway->leaving, &gateway->inputs->config->drain, gateway->plan->drained,
		    announce_stands(gateway->netlink, NULL));
	r = announce_now(gateway);
	return attached < 0 ? attached : r;
}

static void on_reload(void *userdata)
{
	struct gateway_daemon *gateway = userdata;

	store_reopen(gateway->store);
	if (configure(gateway) < 0)
		event_say(EVENT_CONFIG_REFUSED, ABOUT(),
			  "%s: not taken over, the former configuration goes on",
			  gateway->options.config);
	else
		event_say(EVENT_CONFIG_READ, ABOUT(), "%s: read again", gateway->options.config);
}

static void on_store_changed(void *userdata)
{
	struct gateway_daemon *gateway = userdata;

	if (configure(gateway) < 0)
		event_say(EVENT_CONFIG_REFUSED, ABOUT(),
			  "store: not taken over, the former configuration goes on");
}

/* Exchanges the program for one that traces, or does not. */
static int load_trace(const struct trace_filter *filter, void *userdata)
{
	struct gateway_daemon *gateway = userdata;
	struct gateway_settings settings = plan_gateway_settings(
		gateway->inputs->config, gateway->self, &gateway->inputs->keys, gateway->plan);
	struct dataplane *dataplane;
	int r;

	settings.trace = *filter;
	r = dataplane_new(gateway->pins, &settings, gateway->plan, &dataplane);
	if (r < 0)
		return r;
	r = attach(gateway, dataplane, gateway->self);
	dataplane_free(gateway->dataplane);
	gateway->dataplane = dataplane;
	use_world(gateway);
	return r;
}

/* An interface that was missing, or that is made anew, has no program. */
static void attach_those_that_came(const struct gateway_daemon *gateway)
{
	const struct config_gateway *self = gateway->self;
	char *came;

	while ((came = interfaces_came(gateway->interfaces, self->interfaces, self->n_interfaces,
				       if_nametoindex)))
		if (dataplane_attach(gateway->dataplane, gateway->pins, &came, 1) == 0)
			log_info("%s: the interface has come, and has the gateway's program", came);
}

static void on_routes_changed(void *userdata)
{
	struct gateway_daemon *gateway = userdata;
	int r;

	if (!gateway->plan)
		return;
	attach_those_that_came(gateway);
	keep_neighbours(gateway);
	monitor_mend(gateway->monitor);
	r = tables_route(dataplane_tables(gateway->dataplane), gateway->fib);
	if (r < 0)
		log_error("next hops are not up to date: %s", strerror(-r));
}

static void on_peers_changed(void *userdata)
{
	struct gateway_daemon *gateway = userdata;
	const struct tables *tables = dataplane_tables(gateway->dataplane);
	int r = peers_plan(gateway->peers, gateway->plan, tables);

	if (r == 0)
		r = tables_apply_routers(tables, gateway->plan);
	if (r < 0)
		log_error("the rows of routers are not up to date: %s", strerror(-r));
}

/* A VIP that nobody can serve any more is withdrawn, and one that somebody can again is announced. */
static void on_members_changed(struct plan_service *service, void *userdata)
{
	struct gateway_daemon *gateway = userdata;
	const struct tables *tables = dataplane_tables(gateway->dataplane);
	int r = monitor_judge(gateway->monitor, gateway->plan, service);

	if (r == 0)
		r = tables_apply_members(tables, service);
	if (r < 0)
		log_error("service %s: its rows are not up to date: %s", service->config->name,
			  strerror(-r));
	steer_members_changed(gateway->steer, service);
	steer_say(gateway->steer, service);
	monitor_darken(gateway->monitor, tables);
	if (!monitor_settles(gateway->monitor, service))
		return;
	if (!service->rows)
		event_say(EVENT_SERVICE_DOWN, ABOUT(.service = service->config->name),
			  "service %s: nobody is up, it takes no new connections",
			  service->config->name);
	announce_now(gateway);
}

/* Policy moves new connections to another site, or home. */
static void on_shares_changed(struct plan_service *service, bool instead, void *userdata)
{
	struct gateway_daemon *gateway = userdata;
	int r = monitor_judge(gateway->monitor, gateway->plan, service);

	if (r == 0)
		r = tables_apply_shares(dataplane_tables(gateway->dataplane), service, instead);
	if (r < 0)
		log_error("service %s: its rows are not up to date: %s", service->config->name,
			  strerror(-r));
	steer_say(gateway->steer, service);
}

static void on_agent_changed(uint16_t id, void *userdata)
{
	const struct gateway_daemon *gateway = userdata;

	monitor_agent(gateway->monitor, id);
	if (gateway->plan)
		monitor_darken(gateway->monitor, dataplane_tables(gateway->dataplane));
}

/* Withdraw first; then forwarding ends with the last pin. */
static int detach(const struct daemon_options *options)
{
	struct rtnetlink *netlink = NULL;
	_cleanup_close_ int lock = -1;
	int r = alone_lock(options, &lock);

	if (r < 0)
		return r;
	r = rtnetlink_new(NULL, NULL, NULL, NULL, &netlink);
	if (r == 0)
		r = announce(netlink, NULL, NULL, DRAIN_NONE);
	if (r == 0)
		r = probe_ways_remove(netlink);
	rtnetlink_free(netlink);
	if (r == 0)
		r = pins_remove(options->bpffs, false);
	if (r == 0)
		r = home_close();
	if (r < 0)
		log_error("not detached: %s%s", strerror(-r), pins_hint(r));
	return r;
}

/* What follows the network and the backends. Nothing here writes a table before there is a plan. */
static int open_eyes(struct gateway_daemon *gateway, sd_event *event)
{
	int r = rtnetlink_new(event, gateway->fib, on_routes_changed, gateway, &gateway->netlink);

	if (r >= 0)
		r = peers_new(event, on_peers_changed, gateway, &gateway->peers);
	if (r >= 0)
		r = leaving_new(event, on_leaving_changed, gateway, &gateway->leaving);
	if (r >= 0)
		r = monitor_new(event, gateway->netlink, on_members_changed, gateway, &gateway->monitor);
	if (r >= 0)
		r = loads_new(event, on_agent_changed, gateway, &gateway->loads);
	if (r < 0)
		return r;
	monitor_listen(gateway->monitor, gateway->loads);
	return steer_new(event, gateway->loads, on_shares_changed, gateway, &gateway->steer);
}

/* Where the configuration comes from beside the file, and where numbers go. */
static int open_channels(struct gateway_daemon *gateway, sd_event *event)
{
	int r = exports_new(event, answer_metrics, answer_counters, gateway_lines, gateway,
			    &gateway->exports);

	if (r >= 0)
		r = push_new(event, answer_metrics, gateway, &gateway->push);
	if (r >= 0)
		r = store_new(event, gateway->options.state, on_store_changed, gateway_look, gateway,
			      &gateway->store);
	if (r >= 0)
		r = ledger_new(event, gateway->options.state, &gateway->ledger);
	return r;
}

/* What needs the data plane, which the first configuration has loaded. */
static int serve(struct gateway_daemon *gateway, sd_event *event)
{
	int r = control_new(event, gateway->options.socket, gateway_resources, gateway,
			    &gateway->control);

	if (r < 0)
		log_error("%s: cannot listen there: %s", gateway->options.socket, strerror(-r));
	if (r >= 0)
		r = trace_new(event, dataplane_trace_fd(gateway->dataplane), load_trace, gateway,
			      &gateway->trace);
	if (r >= 0)
		r = begin_inquiries(gateway, event);
	if (r >= 0)
		r = sweep_new(event, pins_now, gateway, &gateway->sweep);
	return r;
}

/* Those that use others go first; the loop, whose events they are, is last. */
static void close_all(struct gateway_daemon *gateway)
{
	control_free(gateway->control);
	exports_free(gateway->exports);
	push_free(gateway->push);
	trace_free(gateway->trace);
	inquiries_free(gateway->inquiries);
	sweep_free(gateway->sweep);
	leaving_free(gateway->leaving);
	monitor_listen(gateway->monitor, NULL);
	steer_free(gateway->steer);
	loads_free(gateway->loads);
	monitor_free(gateway->monitor);
	peers_free(gateway->peers);
	ledger_free(gateway->ledger);
	store_free(gateway->store);
	rtnetlink_free(gateway->netlink);
	loop_free(gateway->loop);
	dataplane_free(gateway->dataplane);
	plan_free(gateway->plan);
	inputs_free(gateway->inputs);
	fib_free(gateway->fib);
	interfaces_free(gateway->interfaces);
	pins_free(gateway->pins);
}

static int run(struct gateway_daemon *gateway)
{
	const struct daemon_options *options = &gateway->options;
	sd_event *event;
	int r = alone_ask(options);

	if (r == 0)
		r = loop_new(options->config, on_reload, gateway, &gateway->loop);
	if (r < 0)
		return r;
	event = loop_event(gateway->loop);
	gateway->fib = fib_new();
	gateway->interfaces = interfaces_new();
	r = gateway->fib && gateway->interfaces ? open_eyes(gateway, event) : -ENOMEM;
	if (r >= 0)
		r = open_channels(gateway, event);
	if (r >= 0)
		r = configure(gateway);
	if (r >= 0)
		r = serve(gateway, event);
	if (r >= 0)
		r = loop_run(gateway->loop, gateway->self->name);
	return r;
}

int main(int argc, char **argv)
{
	struct gateway_daemon gateway = {};
	int r = daemon_options_parse(&program, argc, argv, &gateway.options);

	if (r != 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (gateway.options.detach)
		return detach(&gateway.options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	r = run(&gateway);
	close_all(&gateway);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
