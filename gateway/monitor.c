/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "core/closing.h"
#include "core/index.h"
#include "daemon/events.h"
#include "gateway/durations.h"
#include "gateway/loads.h"
#include "gateway/probe_ways.h"
#include "io/checks.h"

#define ACCURACY_US 1000
#define REMOTE_PATIENCE 4 /* times: another site is farther away, and not lost with a single probe */
#define REMOTE_RISE 1	  /* its own gateways say which of its members are to pass how often */
#define OTHERS_ASKED 128  /* at once, of a service: enough to hear that somebody is there */
#define OTHERS_WAIT_US 500000 /* for their answers, whatever the timeout of a patient operator */

/* One member of one service. */
struct ward {
	struct monitor *monitor;
	struct plan_service *service;
	const struct config_member *member;
	uint64_t identity; /* of the service */
	uint16_t id;
	struct health_rules rules;
	struct health health;
	struct duration *duration; /* NULL: no memory for one */
	struct check *check; /* NULL: its agent is listened to, and that is all */
	sd_event_source *due;
	uint64_t begun_us;
	bool mute; /* it could not be asked, and that was said */
	bool awaited; /* by its concern */
};

/* One service of the plan. */
struct concern {
	bool stale; /* it has news */
	struct closing closing;
};

struct monitor {
	const struct config_site *site; /* our own */
	sd_event *event;
	sd_event_source *news, *waited;
	struct rtnetlink *netlink;
	struct checks *checks;
	struct durations *durations;
	const struct loads *loads; /* NULL: no agent is listened to */
	monitor_changed_fn changed;
	void *userdata;
	struct plan *plan;
	struct concern *concerns; /* of the plan's services, in their order */
	struct ward *wards; /* a service's own stand together */
	size_t n;
	struct index *firsts; /* where a service's wards begin, from 1, by its identity */
	struct probe_world world;
	bool *asked; /* of the world */
	bool ways_whole; /* but for what the kernel takes away with an interface */
	bool ways_lost; /* and that was said */
	union address host; /* our address that asks */
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

/* The list */

static struct ward *wards_free(struct ward *wards, size_t n)
{
	for (size_t i = 0; wards && i < n; i++) {
		check_free(wards[i].check);
		sd_event_source_disable_unref(wards[i].due);
	}
	free(wards);
	return NULL;
}

static const struct ward *find(const struct monitor *monitor, uint64_t identity, uint16_t id)
{
	uint32_t first = index_get(monitor->firsts, identity);

	for (size_t i = first - 1; first && i < monitor->n; i++) {
		if (monitor->wards[i].identity != identity)
			break;
		if (monitor->wards[i].id == id)
			return &monitor->wards[i];
	}
	return NULL;
}

const struct health *monitor_find(const struct monitor *monitor, const struct plan_service *service,
				  uint16_t id)
{
	const struct ward *ward = find(monitor, service->identity, id);

	return ward ? &ward->health : NULL;
}

static bool is_watched(const struct plan_service *service)
{
	return config_is_checked(service->config);
}

/* Rows that nobody has written yet say nothing: all start together. Of other sites they tell as a whole. */
static bool taken_for_up(const struct monitor *monitor, const struct plan *plan,
			 const struct tables *tables, const struct plan_service *service,
			 const struct config_backend *backend)
{
	const struct ward *ward = find(monitor, service->identity, backend->id);
	uint32_t number;

	if (ward)
		return ward->health.up;
	number = tables_service_number(tables, service->identity);
	if (!number || !rows_count(tables->services[number].rows.banks))
		return true;
	return backend->site == plan->site
		       ? tables_member_open(tables, number, backend->id)
		       : tables_share(tables, number, plan_site_number(plan, backend->site)) > 0;
}

static int plan_service(const struct monitor *monitor, const struct plan *plan,
			struct plan_service *service, const struct tables *tables)
{
	const struct config_service *config = service->config;
	_cleanup_free_ bool *up = calloc(config->n_members + 1, sizeof(*up));
	_cleanup_free_ bool *held = calloc(config->n_members + 1, sizeof(*held));

	if (!up || !held)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_members; i++) {
		const struct config_backend *backend = config->members[i].backend;
		const struct health *health = monitor_find(monitor, service, backend->id);

		up[i] = health ? health->up
			       : !tables || !is_watched(service) ||
					 taken_for_up(monitor, plan, tables, service, backend);
		held[i] = health && health->held;
	}
	return plan_healthy_members(plan, service, up, held);
}

int monitor_judge(const struct monitor *monitor, const struct plan *plan,
		  struct plan_service *service)
{
	return plan_service(monitor, plan, service, NULL);
}

int monitor_plan(const struct monitor *monitor, struct plan *plan, const struct tables *tables)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n_services; i++)
		if (is_watched(&plan->services[i]) || plan->services[i].config->policy)
			r = plan_service(monitor, plan, &plan->services[i], tables);
	return r;
}

/* News */

static void say(const struct ward *ward)
{
	const char *service = ward->service->config->name, *backend = ward->member->backend->name;
	const char *reason = health_reason_text(ward->health.reason);
	const struct event_about *about = ABOUT(.service = service, .backend = backend,
						.site = ward->member->backend->site->name,
						.reason = reason);

	if (ward->health.up)
		event_say(EVENT_BACKEND_UP, about, "service %s: %s is up", service, backend);
	else if (ward->health.hold_us)
		event_say(EVENT_BACKEND_DOWN, about,
			  "service %s: %s is down, it %s; it comes and goes, so it has to pass for %.1f s",
			  service, backend, reason, ward->health.hold_us / 1e6);
	else
		event_say(EVENT_BACKEND_DOWN, about, "service %s: %s is down, it %s", service, backend,
			  reason);
}

/* All that is known in this turn of the loop makes one generation of rows. */
static int on_news(sd_event_source *source, void *userdata)
{
	struct monitor *monitor = userdata;

	for (size_t i = 0; i < monitor->plan->n_services; i++) {
		if (!monitor->concerns[i].stale)
			continue;
		monitor->concerns[i].stale = false;
		monitor->changed(&monitor->plan->services[i], monitor->userdata);
	}
	return 0;
}

static struct concern *concern_of(const struct monitor *monitor, const struct plan_service *service)
{
	return &monitor->concerns[service - monitor->plan->services];
}

static void note(const struct ward *ward)
{
	concern_of(ward->monitor, ward->service)->stale = true;
	sd_event_source_set_enabled(ward->monitor->news, SD_EVENT_ONESHOT);
}

static void tell(struct ward *ward)
{
	say(ward);
	note(ward);
}

/* Asking */

static const enum health_reason reasons[] = {
	[CHECK_PASSED] = HEALTH_PASSED,
	[CHECK_REFUSED] = HEALTH_REFUSED,
	[CHECK_TIMEOUT] = HEALTH_TIMEOUT,
	[CHECK_UNREACHABLE] = HEALTH_UNREACHABLE,
	[CHECK_WRONG] = HEALTH_WRONG,
	[CHECK_INSECURE] = HEALTH_INSECURE,
};

/* What we could not ask says nothing about who was to answer. */
static void say_unable(struct ward *ward, bool unable)
{
	if (unable && !ward->mute)
		log_warning("service %s: %s cannot be asked for its health: no address of the VIP's "
			    "family, or no socket",
			    ward->service->config->name, ward->member->backend->name);
	ward->mute = unable;
}

static void ask_again(struct ward *ward)
{
	uint64_t due_us = ward->begun_us + health_wait_us(&ward->health, &ward->rules, random());

	sd_event_source_set_time(ward->due, due_us);
	sd_event_source_set_enabled(ward->due, SD_EVENT_ONESHOT);
}

/* What its agent has to say of it, or its silence. */
static void listen_to(struct ward *ward)
{
	const struct config_service *service = ward->service->config;
	const struct loads *loads = ward->monitor->loads;

	if (!loads || service->health.heartbeat == CONFIG_HEARTBEAT_OFF)
		return;
	if (health_agent(&ward->health, &ward->rules, loads_agent(loads, service, ward->id), now_us()))
		tell(ward);
}

static void has_answered(struct ward *ward)
{
	if (ward->awaited && --concern_of(ward->monitor, ward->service)->closing.awaited == 0)
		note(ward);
	ward->awaited = false;
}

/* Who has not answered by now is not there. */
static int on_waited(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct monitor *monitor = userdata;

	for (size_t i = 0; i < monitor->n; i++)
		has_answered(&monitor->wards[i]);
	return 0;
}

/* Also who is being asked: that question may be as old as his absence. */
static void ask_now(struct ward *ward)
{
	concern_of(ward->monitor, ward->service)->closing.awaited += !ward->awaited;
	ward->awaited = true;
	sd_event_source_set_time(ward->due, 0);
	sd_event_source_set_enabled(ward->due, SD_EVENT_ONESHOT);
}

static bool is_elsewhere(const struct ward *ward, const struct plan_service *service)
{
	return ward->service == service && ward->member->backend->site != ward->monitor->site;
}

static void ask_others(struct monitor *monitor, const struct plan_service *service)
{
	size_t others = 0, seen = 0;

	for (size_t i = 0; i < monitor->n; i++)
		others += is_elsewhere(&monitor->wards[i], service);
	for (size_t i = 0; i < monitor->n; i++)
		if (is_elsewhere(&monitor->wards[i], service) &&
		    seen++ % (others / OTHERS_ASKED + 1) == 0)
			ask_now(&monitor->wards[i]);
	sd_event_source_set_time_relative(monitor->waited, OTHERS_WAIT_US);
	sd_event_source_set_enabled(monitor->waited, SD_EVENT_ONESHOT);
}

bool monitor_settles(struct monitor *monitor, const struct plan_service *service)
{
	struct closing *closing = &concern_of(monitor, service)->closing;

	if (closing_asks(closing, service->rows))
		ask_others(monitor, service);
	return closing_settles(closing, service->rows);
}

static void count(const struct ward *ward, enum check_end end)
{
	if (!ward->duration || !ward->check || end == CHECK_UNABLE)
		return;
	if (end == CHECK_PASSED)
		histogram_add(&ward->duration->passed, now_us() - ward->begun_us);
	else
		ward->duration->failed++;
}

static void on_done(struct check *check, enum check_end end, void *userdata)
{
	struct ward *ward = userdata;
	bool held = ward->health.held;

	count(ward, end);
	say_unable(ward, end == CHECK_UNABLE);
	listen_to(ward);
	if (end != CHECK_UNABLE &&
	    health_probed(&ward->health, &ward->rules, reasons[end], now_us()))
		tell(ward);
	else if (held != ward->health.held)
		note(ward);
	has_answered(ward);
	ask_again(ward);
}

static int on_due(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct ward *ward = userdata;

	ward->begun_us = now_us();
	if (ward->check)
		check_begin(ward->check);
	else
		on_done(NULL, CHECK_PASSED, ward);
	return 0;
}

void monitor_agent(struct monitor *monitor, uint16_t id)
{
	for (size_t i = 0; i < monitor->n; i++) {
		struct ward *ward = &monitor->wards[i];
		int waits;

		if (ward->id != id)
			continue;
		listen_to(ward);
		if (sd_event_source_get_enabled(ward->due, &waits) >= 0 && waits != SD_EVENT_OFF)
			sd_event_source_set_time(ward->due, now_us());
	}
}

static bool meets_nobody(const struct health *health)
{
	return !health->up && health->silent &&
	       (health->reason == HEALTH_TIMEOUT || health->reason == HEALTH_UNREACHABLE ||
		health->reason == HEALTH_SILENT);
}

void monitor_darken(const struct monitor *monitor, const struct tables *tables)
{
	uint64_t met[BACKENDS_MAX / 64] = {};

	for (size_t i = 0; i < monitor->n; i++)
		if (!meets_nobody(&monitor->wards[i].health))
			met[monitor->wards[i].id / 64] |= UINT64_C(1) << monitor->wards[i].id % 64;
	for (size_t i = 0; i < monitor->n; i++) {
		uint16_t id = monitor->wards[i].id;

		tables_darken(tables, id, !(met[id / 64] >> id % 64 & 1));
	}
}

void monitor_listen(struct monitor *monitor, const struct loads *loads)
{
	if (monitor)
		monitor->loads = loads;
}

json_t *monitor_durations_json(const struct monitor *monitor)
{
	return durations_json(monitor->durations);
}

/* The list anew */

static int ward_fill(struct monitor *monitor, struct plan_service *service,
		     const struct config_member *member, const struct tables *tables,
		     struct ward *ward)
{
	const struct config_health *health = &service->config->health;
	uint16_t id = member->backend->id;
	const struct ward *before = find(monitor, service->identity, id);
	bool ours = member->backend->site == monitor->site;
	uint32_t patience = ours ? 1 : REMOTE_PATIENCE;
	uint64_t now = now_us();
	struct check_target target;
	int r;

	*ward = (struct ward){
		.monitor = monitor,
		.service = service,
		.member = member,
		.identity = service->identity,
		.id = id,
		.rules = {health->interval_ms * patience, health->timeout_ms * patience,
			  ours ? health->rise : REMOTE_RISE, health->fall, health->jitter,
			  health->heartbeat == CONFIG_HEARTBEAT_REQUIRED},
		.health = before ? before->health
				 : health_new(taken_for_up(monitor, monitor->plan, tables, service,
							 member->backend),
					    now),
	};
	target = probe_target(service->config, id, ward->rules.timeout_ms, &monitor->host);
	if (health->check != CONFIG_CHECK_OFF) {
		ward->duration = durations_of(monitor->durations, service->config, member->backend->site);
		r = check_new(monitor->checks, &target, on_done, ward, &ward->check);
		if (r < 0)
			return r;
	}
	/* The first ones spread over an interval. */
	return sd_event_add_time(monitor->event, &ward->due, CLOCK_MONOTONIC,
				 now + random() % (ward->rules.interval_ms * 1000ULL), ACCURACY_US,
				 on_due, ward);
}

static size_t count_members(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_services; i++)
		if (is_watched(&plan->services[i]))
			n += plan->services[i].config->n_members;
	return n;
}

static int wards_fill(struct monitor *monitor, struct plan *plan, const struct tables *tables,
		      struct ward *wards, size_t *ret_n, struct index *firsts)
{
	int r = 0;

	*ret_n = 0;
	for (size_t i = 0; i < plan->n_services; i++) {
		struct plan_service *service = &plan->services[i];

		if (!is_watched(service))
			continue;
		if (r >= 0)
			r = index_put(firsts, service->identity, *ret_n + 1);
		for (size_t j = 0; r >= 0 && j < service->config->n_members; j++)
			r = ward_fill(monitor, service, &service->config->members[j], tables,
				      &wards[(*ret_n)++]);
	}
	return r;
}

/* Whose probes need a way; by id. */
static bool *list_asked(const struct plan *plan)
{
	bool *asked = calloc(BACKENDS_MAX, sizeof(*asked));

	for (size_t i = 0; asked && i < plan->n_services; i++) {
		const struct config_service *service = plan->services[i].config;

		for (size_t j = 0; is_watched(&plan->services[i]) && j < service->n_members; j++)
			asked[service->members[j].backend->id] = true;
	}
	return asked;
}

/* Without an interface everybody is unreachable, and that is the truth. */
static int make_ways(struct monitor *monitor)
{
	int r = probe_ways_make(monitor->netlink, &monitor->world, &monitor->host);

	monitor->ways_whole = r >= 0;
	monitor->ways_lost = r < 0;
	if (r != -ENETDOWN)
		return r;
	log_warning("no interface is up: backends cannot be asked for their health");
	return 0;
}

void monitor_mend(struct monitor *monitor)
{
	int r = monitor->asked ? probe_ways_mend(monitor->netlink, &monitor->world,
						 &monitor->ways_whole, &monitor->host)
			       : 0;

	if (r == 1)
		log_info("an interface has come back: backends are asked for their health over it");
	else if (r < 0 && !monitor->ways_lost)
		log_warning("backends cannot be asked for their health: %s", strerror(-r));
	monitor->ways_lost = r < 0;
}

int monitor_watch(struct monitor *monitor, const struct config *config,
		  const struct config_gateway *self, struct plan *plan, const struct tables *tables)
{
	_cleanup_index_ struct index *firsts = index_new();
	struct ward *wards = calloc(count_members(plan) + 1, sizeof(*wards));
	struct concern *concerns = calloc(plan->n_services + 1, sizeof(*concerns));
	size_t n = 0;
	bool *asked = list_asked(plan);
	int r = -ENOMEM;

	monitor->site = self->site;
	monitor->plan = plan;
	free(monitor->asked);
	monitor->asked = asked;
	monitor->world = (struct probe_world){self, &config->infrastructure, plan, asked};
	durations_begin(monitor->durations);
	if (firsts && wards && concerns && asked)
		r = make_ways(monitor);
	if (r >= 0)
		r = wards_fill(monitor, plan, tables, wards, &n, firsts);
	if (r < 0) {
		wards = wards_free(wards, n);
		n = 0;
	}
	wards_free(monitor->wards, monitor->n);
	durations_end(monitor->durations);
	free(monitor->concerns);
	index_free(monitor->firsts);
	monitor->wards = wards;
	monitor->n = n;
	monitor->firsts = take(firsts);
	monitor->concerns = concerns;
	for (size_t i = 0; concerns && i < plan->n_services; i++)
		concerns[i].closing = (struct closing){.closed = !plan->services[i].rows,
						       .asked = !plan->services[i].rows};
	sd_event_source_set_enabled(monitor->news, SD_EVENT_OFF);
	return r < 0 ? r : 0;
}

int monitor_new(sd_event *event, struct rtnetlink *netlink, monitor_changed_fn changed,
		void *userdata, struct monitor **ret)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	int r;

	if (!monitor)
		return -ENOMEM;
	monitor->event = event;
	monitor->netlink = netlink;
	monitor->changed = changed;
	monitor->userdata = userdata;
	srandom(now_us());
	monitor->firsts = index_new();
	monitor->durations = durations_new();
	r = monitor->firsts && monitor->durations ? 0 : -ENOMEM;
	if (r >= 0)
		r = checks_new(event, &monitor->checks);
	if (r >= 0)
		r = sd_event_add_defer(event, &monitor->news, on_news, monitor);
	if (r >= 0)
		r = sd_event_source_set_enabled(monitor->news, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &monitor->waited, CLOCK_MONOTONIC, 0, ACCURACY_US,
					       on_waited, monitor);
	if (r >= 0)
		r = sd_event_source_set_enabled(monitor->waited, SD_EVENT_OFF);
	if (r < 0) {
		monitor_free(monitor);
		return r;
	}
	*ret = monitor;
	return 0;
}

struct monitor *monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return NULL;
	wards_free(monitor->wards, monitor->n);
	checks_free(monitor->checks);
	sd_event_source_disable_unref(monitor->news);
	sd_event_source_disable_unref(monitor->waited);
	durations_free(monitor->durations);
	free(monitor->asked);
	free(monitor->concerns);
	index_free(monitor->firsts);
	free(monitor);
	return NULL;
}
