/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The gateway's answers on its control socket: /status, /counters, /metrics, /events, /path, /off, /on, /trace. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "core/path.h"
#include "daemon/counters.h"
#include "daemon/events.h"
#include "daemon/metrics.h"
#include "gateway/announce.h"
#include "gateway/gateway.h"
#include "gateway/look.h"

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

static json_t *address_json(const union address *address)
{
	char text[ADDRESS_TEXT_MAX];

	return json_string(address_format(address, text));
}

static const char *backend_name(const struct gateway_daemon *gateway, uint16_t id)
{
	for (size_t i = 0; i < gateway->plan->n_backends; i++)
		if (gateway->plan->backends[i].number == id)
			return gateway->plan->backends[i].name;
	for (size_t i = 0; i < gateway->plan->n_sites; i++)
		if (gateway->plan->sites[i].number == id)
			return gateway->plan->sites[i].name;
	return NULL;
}

static const char *router_name(const struct gateway_daemon *gateway, uint16_t number)
{
	const struct tables *tables = dataplane_tables(gateway->dataplane);

	for (size_t i = 0; number && i < gateway->plan->n_routers; i++)
		if (gateway->plan->routers[i].identity == tables->routers[number].identity)
			return gateway->plan->routers[i].name;
	return NULL;
}

static const struct plan_service *service_numbered(const struct gateway_daemon *gateway,
						   uint32_t number)
{
	const struct tables *tables = dataplane_tables(gateway->dataplane);

	for (size_t i = 0; number && i < gateway->plan->n_services; i++)
		if (gateway->plan->services[i].identity == tables->services[number].identity)
			return &gateway->plan->services[i];
	return NULL;
}

/* /status */

/* null: the service is not watched. */
static json_t *health_json(const struct health *health)
{
	struct timespec now;

	if (!health)
		return json_null();
	clock_gettime(CLOCK_MONOTONIC, &now);
	return json_pack("{s:b s:s s:f s:i}", "up", health->up, "reason",
			 health_reason_text(health->reason), "since_s",
			 now.tv_sec + now.tv_nsec / 1e9 - health->since_us / 1e6, "falls",
			 (int)health->falls);
}

/*
 * "checked": would anybody find out that it is down? "pins": flows that are pinned there by this gateway.
 */
static json_t *members_json(const struct gateway_daemon *gateway,
			    const struct plan_service *planned, const struct pin_counts *pins)
{
	const struct config_service *service = planned->config;
	const struct tables *tables = dataplane_tables(gateway->dataplane);
	uint32_t number = tables_service_number(tables, planned->identity);
	json_t *list = json_array();

	for (size_t i = 0; i < service->n_members; i++) {
		const struct config_member *member = &service->members[i];
		const struct health *health =
			monitor_find(gateway->monitor, planned, member->backend->id);
		bool reachable = tables->backends[member->backend->id].next_hops != 0;

		json_array_append_new(list,
				      json_pack("{s:s s:i s:i s:b s:b s:b s:b s:o s:o s:o s:i}", "name",
						member->backend->name, "id", member->backend->id,
						"weight", (int)member->weight, "enabled",
						member->enabled && member->weight, "open",
						planned->open[i], "reachable", reachable, "checked",
						config_is_checked(service), "health",
						health_json(health), "agent",
						loads_host_json(gateway->loads, member->backend),
						"load",
						loads_service_json(gateway->loads, service,
								   member->backend),
						"pins",
						(int)pin_counts_of(pins, number,
								   member->backend->id)));
	}
	return list;
}

static json_t *service_json(const struct gateway_daemon *gateway,
			    const struct plan_service *service, const struct pin_counts *pins)
{
	const struct tables *tables = dataplane_tables(gateway->dataplane);
	uint32_t number = tables_service_number(tables, service->identity);
	json_t *vips = json_array();

	for (size_t i = 0; i < service->config->n_vips; i++) {
		char text[NETWORK_TEXT_MAX];

		json_array_append_new(
			vips, json_string(network_format(&service->config->vips[i], text)));
	}
	return json_pack("{s:s s:o s:s s:[ii] s:b s:b s:b s:s? s:o s:i s:I s:i s:o}", "name", service->config->name,
			 "vips", vips, "protocol",
			 service->config->protocol == IPPROTO_UDP ? "udp" : "tcp", "ports",
			 service->config->port_first, service->config->port_last, "agents",
			 !service->config->agentless, "cookie",
			 (service->flags & SERVICE_COOKIE) != 0, "off", tables_switched_off(tables, number), "away",
			 service->away ? service->away->name : NULL, "policy",
			 steer_json(gateway->steer, service), "rows", (int)service->size, "generation", (json_int_t)service->generation, "generations",
			 (int)rows_count(tables->services[number].rows.banks), "backends",
			 members_json(gateway, service, pins));
}

/* Who takes leave goes on announcing what stands. */
static bool is_announced(const struct gateway_daemon *gateway, const struct plan_vip *vip)
{
	switch (leaving_phase(gateway->leaving)) {
	case DRAIN_LEFT:
		return false;
	case DRAIN_LEAVING:
		return announce_stands(gateway->netlink, &vip->network);
	default:
		return tables_serves(dataplane_tables(gateway->dataplane), gateway->plan, vip);
	}
}

static json_t *vips_json(const struct gateway_daemon *gateway)
{
	json_t *list = json_array();

	for (size_t i = 0; i < gateway->plan->n_vips; i++) {
		const struct plan_vip *vip = &gateway->plan->vips[i];
		char text[NETWORK_TEXT_MAX];

		json_array_append_new(list, json_pack("{s:s s:b}", "vip",
						      network_format(&vip->network, text),
						      "announced", is_announced(gateway, vip)));
	}
	return list;
}

/* "rows" of "rows-all" in the table of routers; "rtt_us" is null before the first answer. */
static json_t *router_json(const struct gateway_daemon *gateway, uint32_t number)
{
	const struct tables *tables = dataplane_tables(gateway->dataplane);
	const struct destination *router = &tables->routers[number];
	const struct liveness *peer = peers_find(gateway->peers, router->identity);
	uint32_t all, rows = tables_router_rows(tables, router->identity, &all);

	return json_pack("{s:s s:o s:b s:b s:b s:o s:i s:i}", "name", router_name(gateway, number),
			 "sid", address_json(&router->sids[0]), "self",
			 (router->flags & DESTINATION_SELF) != 0, "reachable",
			 router->next_hops != 0, "alive", !peer || peer->alive, "rtt_us",
			 peer && peer->rtt_us ? json_integer(peer->rtt_us) : json_null(), "rows",
			 (int)rows, "rows-all", (int)all);
}

static json_t *routers_json(const struct gateway_daemon *gateway)
{
	const struct tables *tables = dataplane_tables(gateway->dataplane);
	json_t *list = json_array();

	for (uint32_t i = 1; i < ROUTERS_MAX; i++)
		if (tables->routers[i].identity && router_name(gateway, i))
			json_array_append_new(list, router_json(gateway, i));
	return list;
}

static int answer_status(const struct control_request *request, void *userdata, json_t **ret)
{
	const struct gateway_daemon *gateway = userdata;
	const struct pin_table *table = dataplane_pins(gateway->dataplane);
	json_t *services, *interfaces;
	struct pin_counts *pins;

	if (pin_counts_new(table, monotonic_ns(), &pins) < 0)
		return -ENOMEM;
	services = json_array();
	interfaces = json_array();
	for (size_t i = 0; i < gateway->plan->n_services; i++)
		json_array_append_new(services,
				      service_json(gateway, &gateway->plan->services[i], pins));
	for (size_t i = 0; i < gateway->self->n_interfaces; i++)
		json_array_append_new(interfaces, json_string(gateway->self->interfaces[i]));
	*ret = json_pack("{s:s s:s s:s s:s s:o s:o s:o s:o s:o s:o s:o s:{s:i s:i}}", "role", "gateway", "node",
			 gateway->self->name, "site", gateway->self->site->name, "config",
			 gateway->options.config, "cookie-epochs",
			 inputs_cookie_epochs(gateway->inputs), "interfaces", interfaces, "vips",
			 vips_json(gateway), "gateways", routers_json(gateway), "services", services,
			 "who-has", inquiries_json(gateway->inquiries), "heartbeats",
			 loads_counts_json(gateway->loads), "pins", "used",
			 (int)pin_counts_all(pins), "room",
			 (int)pin_table_capacity(table->settings.bucket_bits));
	pin_counts_free(pins);
	if (*ret) {
		json_object_set_new(*ret, "generation", json_integer(gateway_generation(gateway->plan)));
		json_object_set_new(*ret, "late_s", json_real(load_late_us(loads_now(gateway->loads)) / 1e6));
		json_object_set_new(*ret, "store", store_json(gateway->store));
		json_object_set_new(*ret, "resting", ledger_counts_json(gateway->ledger));
		json_object_set_new(*ret, "drain", leaving_json(gateway->leaving));
	}
	return *ret ? 0 : -ENOMEM;
}

int answer_counters(const struct control_request *request, void *userdata, json_t **ret)
{
	const struct gateway_daemon *gateway = userdata;
	json_t *counters;
	int r = dataplane_counters(gateway->dataplane, &counters);

	if (r < 0)
		return control_refuse(ret, r, "cannot read the counters: %s", strerror(-r));
	*ret = json_pack("{s:s s:s s:o}", "node", gateway->self->name, "role", "gateway", "counters",
			 counters);
	return 0;
}

int answer_metrics(const struct control_request *request, void *userdata, json_t **ret)
{
	const struct gateway_daemon *gateway = userdata;
	int r = metrics_gather(answer_status, answer_counters, userdata, ret);

	if (r < 0)
		return r;
	json_object_set_new(*ret, "push", push_json(gateway->push));
	json_object_set_new(*ret, "checks", monitor_durations_json(gateway->monitor));
	return r;
}

/* /path */

static int flow_of(const struct control_request *request, struct flow *ret, json_t **complaint)
{
	const char *protocol = control_argument(request, "protocol");
	const char *client = control_argument(request, "client");
	const char *vip = control_argument(request, "vip");
	struct endpoint from, to;

	if (!protocol || (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0))
		return control_refuse(complaint, -EINVAL, "%s: no protocol, allowed: tcp, udp",
				      protocol ? protocol : "(none)");
	if (!client || endpoint_parse(client, &from) < 0)
		return control_refuse(complaint, -EINVAL,
				      "%s: no client, allowed: ADDRESS:PORT, [ADDRESS]:PORT",
				      client ? client : "(none)");
	if (!vip || endpoint_parse(vip, &to) < 0)
		return control_refuse(complaint, -EINVAL,
				      "%s: no VIP, allowed: ADDRESS:PORT, [ADDRESS]:PORT",
				      vip ? vip : "(none)");
	if (address_is_v4(&from.address) != address_is_v4(&to.address))
		return control_refuse(complaint, -EINVAL, "%s and %s are of different families",
				      client, vip);
	*ret = (struct flow){
		.client = from.address,
		.vip = to.address,
		.client_port = from.port,
		.vip_port = to.port,
		.protocol = strcmp(protocol, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP,
	};
	return 0;
}

/* An enum path_packet, or a negative errno. */
static int packet_of(const struct control_request *request, json_t **complaint)
{
	static const char *const names[] = {
		[PATH_NEW] = "new", [PATH_NEW_BARE] = "bare", [PATH_MIDWAY] = "midway"};
	const char *name = control_argument(request, "packet");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name ? name : "new", names[i]) == 0)
			return i;
	return control_refuse(complaint, -EINVAL, "%s: no kind of packet, allowed: new, bare, midway",
			      name);
}

static const char *const replies_names[] = {
	[PATH_DIRECT] = "direct", [PATH_FIRST_PINS] = "first-pins", [PATH_BY_GATEWAY] = "gateway"};

/* Which rung of the ladder answers; NULL: none does. */
static const char *path_rung(const struct path *path)
{
	if (!path->n_segments)
		return NULL;
	if (path->verdict == GATEWAY_COOKIE)
		return "cookie";
	return path->verdict == GATEWAY_PIN ? "pin" : "row";
}

static json_t *path_json(const struct gateway_daemon *gateway, const struct path *path)
{
	const struct plan_service *service = service_numbered(gateway, path->service);
	json_t *segments = json_array(), *backends = json_array();
	const char *first = NULL;

	for (uint32_t i = 0; i < path->n_segments; i++) {
		const char *name = backend_name(gateway, path->backends[i]);

		first = first ? first : name;
		json_array_append_new(segments, address_json(&path->segments[i]));
		json_array_append_new(backends, name ? json_string(name) : json_null());
	}
	return json_pack("{s:s s:s? s:s? s:s s:s? s:i s:s? s:o s:o s:s}", "gateway", gateway->self->name,
			 "service", service ? service->config->name : NULL, "router",
			 router_name(gateway, path->router), "verdict",
			 gateway_verdict_rows[path->verdict].name, "rung",
			 path_rung(path), "row", (int)path->row, "backend", first,
			 "backends", backends, "segments", segments, "replies",
			 replies_names[path->replies]);
}

/* *ret: the number; NULL where none is given. */
static int tsecr_of(const struct control_request *request, uint32_t *number, const uint32_t **ret,
		    json_t **complaint)
{
	const char *text = control_argument(request, "tsecr");
	uint64_t value;

	*ret = NULL;
	if (!text)
		return 0;
	if (number_parse(text, UINT32_MAX, &value) < 0)
		return control_refuse(complaint, -EINVAL,
				      "%s: no timestamp, allowed: a packet's TSecr, 0 to 4294967295",
				      text);
	*number = value;
	*ret = number;
	return 0;
}

/* The first rung, which goes before what path_find said. Returns how that ended; NULL: it has none. */
static const char *follow_cookie(const struct path_view *view, const struct flow *flow,
				 enum path_packet packet, const uint32_t *tsecr, struct path *path)
{
	if (!path_may_have_cookie(view, path, packet))
		return NULL;
	if (!tsecr)
		return "unknown";
	return path_by_cookie(view, flow, *tsecr, path) ? "followed" : "nobody's";
}

static int answer_path(const struct control_request *request, void *userdata, json_t **ret)
{
	const struct gateway_daemon *gateway = userdata;
	struct path_view view = {
		.tables = dataplane_tables(gateway->dataplane),
		.pins = dataplane_pins(gateway->dataplane),
		.key = &gateway->inputs->keys.flow,
		.cookie = &gateway->inputs->keys.cookie,
		.now_ns = monotonic_ns(),
	};
	const char *about, *cookie;
	const uint32_t *tsecr;
	uint32_t number;
	struct flow flow;
	struct path path;
	int packet, r;

	r = flow_of(request, &flow, ret);
	if (r < 0)
		return r;
	packet = packet_of(request, ret);
	if (packet < 0)
		return packet;
	r = tsecr_of(request, &number, &tsecr, ret);
	if (r < 0)
		return r;
	path_find(&view, &flow, dataplane_vip(gateway->dataplane, &flow.vip), packet, &path);
	cookie = follow_cookie(&view, &flow, packet, tsecr, &path);
	*ret = path_json(gateway, &path);
	if (!*ret)
		return -ENOMEM;
	json_object_set_new(*ret, "cookie", cookie ? json_string(cookie) : json_null());
	about = inquiries_about(gateway->inquiries, &flow);
	json_object_set_new(*ret, "who-has", about ? json_string(about) : json_null());
	return 0;
}

/* /off and /on */

static void switch_service(const struct tables *tables, const struct plan_service *service, bool off)
{
	const char *name = service->config->name;
	uint32_t number = tables_service_number(tables, service->identity);

	if (tables_switched_off(tables, number) == off)
		return;
	tables_switch(tables, number, off);
	event_say(off ? EVENT_SERVICE_OFF : EVENT_SERVICE_ON, ABOUT(.service = name),
		  "service %s: switched %s by an operator", name, off ? "off" : "on");
}

/* Switches the named service, or with "all" every one, and announces accordingly. */
static int answer_switch(const struct control_request *request, struct gateway_daemon *gateway,
			 bool off, json_t **ret)
{
	const struct tables *tables = dataplane_tables(gateway->dataplane);
	const char *name = control_argument(request, "service");
	json_t *switched = json_array();
	int r;

	for (size_t i = 0; name && i < gateway->plan->n_services; i++) {
		const struct plan_service *service = &gateway->plan->services[i];

		if (strcmp(name, "all") != 0 && strcmp(name, service->config->name) != 0)
			continue;
		switch_service(tables, service, off);
		json_array_append_new(switched, json_string(service->config->name));
	}
	if (!json_array_size(switched)) {
		json_decref(switched);
		return control_refuse(ret, -EINVAL, "%s: no such service, allowed: all, or one of status",
				      name ? name : "(none)");
	}
	r = announce(gateway->netlink, gateway->plan, tables, leaving_phase(gateway->leaving));
	if (r < 0) {
		json_decref(switched);
		return control_refuse(ret, r, "switched, but not all VIPs could be %s: %s",
				      off ? "withdrawn" : "announced", strerror(-r));
	}
	*ret = json_pack("{s:o s:b}", "services", switched, "off", off);
	return 0;
}

static int answer_off(const struct control_request *request, void *userdata, json_t **ret)
{
	return answer_switch(request, userdata, true, ret);
}

static int answer_on(const struct control_request *request, void *userdata, json_t **ret)
{
	return answer_switch(request, userdata, false, ret);
}

/* /trace */

static int number_argument(const struct control_request *request, const char *name,
			   uint64_t otherwise, uint64_t max, uint64_t *ret, json_t **complaint)
{
	const char *text = control_argument(request, name);

	*ret = otherwise;
	if (text && number_parse(text, max, ret) < 0)
		return control_refuse(complaint, -EINVAL, "%s: %s is no such number, allowed: 0 to %llu", name,
				      text, (unsigned long long)max);
	return 0;
}

/* An absent network matches every address. */
static int network_argument(const struct control_request *request, const char *name,
			    struct prefix *ret, json_t **complaint)
{
	const char *text = control_argument(request, name);
	struct network network;

	if (!text)
		return 0;
	if (network_parse(text, &network) < 0)
		return control_refuse(complaint, -EINVAL, "%s: no %s, allowed: ADDRESS, ADDRESS/LENGTH",
				      text, name);
	*ret = network_prefix(&network);
	return 0;
}

static int verdict_argument(const struct control_request *request, uint32_t *ret,
			    json_t **complaint)
{
	const char *name = control_argument(request, "verdict");

	for (size_t i = 1; name && i < n_gateway_verdict_rows; i++)
		if (strcmp(name, gateway_verdict_rows[i].name) == 0) {
			*ret = i;
			return 0;
		}
	if (name)
		return control_refuse(complaint, -EINVAL, "%s: no verdict, allowed: those of counters",
				      name);
	return 0;
}

static int answer_trace_start(const struct control_request *request, void *userdata, json_t **ret)
{
	struct gateway_daemon *gateway = userdata;
	struct trace_filter filter = {};
	uint64_t one_in;
	int r = number_argument(request, "one_in", 1, UINT32_MAX, &one_in, ret);

	filter.one_in = one_in;
	if (r == 0)
		r = network_argument(request, "client", &filter.client, ret);
	if (r == 0)
		r = network_argument(request, "vip", &filter.vip, ret);
	if (r == 0)
		r = verdict_argument(request, &filter.verdict, ret);
	if (r < 0)
		return r;
	r = trace_set(gateway->trace, &filter);
	if (r < 0)
		return control_refuse(ret, r, "tracing cannot be switched: %s", strerror(-r));
	return trace_fetch(gateway->trace, UINT64_MAX, ret);
}

static int answer_trace(const struct control_request *request, void *userdata, json_t **ret)
{
	struct gateway_daemon *gateway = userdata;
	uint64_t from;
	int r = number_argument(request, "from", 0, INT64_MAX, &from, ret);

	return r < 0 ? r : trace_fetch(gateway->trace, from, ret);
}

const struct rests *gateway_rests(const struct gateway_daemon *gateway)
{
	enum rests_carried carried[COOKIE_EPOCHS];

	loads_carried(gateway->loads, carried);
	ledger_see(gateway->ledger, carried);
	return ledger_rests(gateway->ledger);
}

static int answer_rests(const struct control_request *request, void *userdata, json_t **ret)
{
	struct gateway_daemon *gateway = userdata;

	gateway_rests(gateway);
	*ret = ledger_json(gateway->ledger);
	return *ret ? 0 : -ENOMEM;
}

const struct control_resource gateway_resources[] = {
	{"/status", answer_status},
	{"/counters", answer_counters},
	{"/metrics", answer_metrics},
	{"/events", answer_events},
	{"/rests", answer_rests},
	{"/path", answer_path},
	{"/off", answer_off, .changes = true},
	{"/on", answer_on, .changes = true},
	{"/trace", answer_trace},
	{"/trace/start", answer_trace_start, .changes = true},
	{},
};
