/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/steer.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/agreement.h"
#include "core/use.h"
#include "daemon/events.h"
#include "wire/srv6.h"

#define ACCURACY_US 50000

/* One service. */
struct helm {
	struct plan_service *service;
	uint64_t identity;
	struct policy policy;
	struct policy_load use; /* our site's, of the last step */
	struct policy_meter meters[POLICY_SITES_MAX]; /* of service->others */
	struct agreement agreement;
	int direction;		  /* of the last step: 1 more leave, -1 more stay, 0 members changed since */
	char said[USE_SHARES_MAX]; /* shares of which was said last, in words */
	bool said_home, said_away;
};

struct steer {
	sd_event_source *timer;
	steer_changed_fn changed;
	struct loads *loads;
	void *userdata;
	uint64_t boot, sequence; /* of what we tell */
	struct plan *plan;
	const struct config_gateway *self;
	struct helm *helms; /* of the plan's services, in their order */
	size_t n;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

static struct helm *helm_of(const struct steer *steer, uint64_t identity)
{
	for (size_t i = 0; i < steer->n; i++)
		if (steer->helms[i].identity == identity)
			return &steer->helms[i];
	return NULL;
}

static bool is_home(const struct plan_service *service)
{
	return service->shares.keep == POLICY_WHOLE;
}

static void note_said(struct helm *helm, const char *shares)
{
	snprintf(helm->said, sizeof(helm->said), "%s", shares);
	helm->said_home = is_home(helm->service);
	helm->said_away = helm->service->away;
}

/* What was */

/* By name: the order of sites may be another. */
static int place_of(const struct plan_service *service, const char *site)
{
	for (size_t i = 0; i < service->n_others; i++)
		if (!strcmp(service->others[i]->name, site))
			return i;
	return -1;
}

static struct policy_shares shares_by_name(const struct plan_service *before,
					   const struct plan_service *service)
{
	struct policy_shares shares = {.keep = POLICY_WHOLE};

	for (size_t i = 0; i < before->n_others; i++) {
		int at = place_of(service, before->others[i]->name);

		if (at < 0)
			continue;
		shares.sites[at] = before->wanted.sites[i];
		shares.keep -= before->wanted.sites[i];
	}
	return shares;
}

static struct policy_shares shares_in_tables(const struct plan *plan, const struct tables *tables,
					     const struct plan_service *service)
{
	struct policy_shares shares = {.keep = POLICY_WHOLE};
	uint32_t number = tables_service_number(tables, service->identity);

	for (size_t i = 0; number && i < service->n_others; i++) {
		uint32_t share = tables_share(tables, number,
					      plan_site_number(plan, service->others[i]));

		shares.sites[i] = share < shares.keep ? share : shares.keep;
		shares.keep -= shares.sites[i];
	}
	return shares;
}

void steer_plan(const struct steer *steer, struct plan *plan, const struct tables *tables)
{
	for (size_t i = 0; i < plan->n_services; i++) {
		struct plan_service *service = &plan->services[i];
		const struct helm *helm = helm_of(steer, service->identity);

		if (!service->config->policy)
			continue;
		service->wanted = helm ? shares_by_name(helm->service, service)
				       : shares_in_tables(plan, tables, service);
	}
}

static void take_over(const struct helm *before, struct helm *helm)
{
	helm->policy = before->policy;
	helm->agreement.steps = before->agreement.steps;
	helm->use = before->use;
	memcpy(helm->said, before->said, sizeof(helm->said));
	helm->said_home = before->said_home;
	helm->said_away = before->said_away;
	memset(helm->meters, 0, sizeof(helm->meters));
	for (size_t i = 0; i < before->service->n_others; i++) {
		int at = place_of(helm->service, before->service->others[i]->name);

		if (at >= 0)
			helm->meters[at] = before->meters[i];
	}
}

int steer_use(struct steer *steer, struct plan *plan, const struct config_gateway *self)
{
	struct helm *helms = calloc(plan->n_services + 1, sizeof(*helms));

	if (!helms)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_services; i++) {
		struct plan_service *service = &plan->services[i];
		const struct helm *before = helm_of(steer, service->identity);

		helms[i] = (struct helm){.service = service,
					 .identity = service->identity,
					 .policy = policy_new()};
		note_said(&helms[i], use_shares(service, (char[USE_SHARES_MAX]){}));
		if (before)
			take_over(before, &helms[i]);
	}
	free(steer->helms);
	steer->helms = helms;
	steer->n = plan->n_services;
	steer->plan = plan;
	steer->self = self;
	return 0;
}

/* A step */

static void look_around(struct helm *helm, const struct policy_profile *profile,
			const struct load *load, struct policy_site *sites)
{
	const struct plan_service *service = helm->service;

	plan_others(service, sites);
	for (size_t i = 0; i < service->n_others; i++) {
		struct policy_load use =
			use_of_site(service, service->others[i], load, now_us());

		policy_measure(&helm->meters[i], &use);
		sites[i].room = policy_offer(&helm->meters[i], profile, &use).room;
	}
}

/* The shares that there are may not be those of the last step: a site may have gone since. */
static void step(struct steer *steer, struct helm *helm)
{
	struct plan_service *service = helm->service;
	struct policy_profile profile = plan_profile(service->config);
	const struct load *load = loads_now(steer->loads);
	struct policy_site sites[POLICY_SITES_MAX];
	uint32_t before = service->shares.keep;
	int direction;

	look_around(helm, &profile, load, sites);
	helm->use = use_of_site(service, steer->plan->site, load, now_us());
	helm->policy.shares = agreement_begin(&helm->agreement, &service->shares, service->n_others,
					      now_us());
	policy_step(&helm->policy, &profile, &helm->use, sites, service->n_others);
	if (!policy_differ(&helm->policy.shares, &service->shares, service->n_others)) {
		service->wanted = service->shares;
		return;
	}
	service->wanted = helm->policy.shares;
	direction = service->wanted.keep < before ? 1 : -1;
	steer->changed(service, direction == helm->direction, steer->userdata);
	helm->direction = direction;
}

/* Agreeing, with the other gateways of the site */

static void send_to_all(struct steer *steer, struct heartbeat *message)
{
	const struct config *config = steer->plan->config;

	message->boot = htobe64(steer->boot);
	message->sequence = htobe64(++steer->sequence);
	message->flags = htobe16(HEARTBEAT_SHARES);
	for (size_t i = 0; message->count && i < config->n_gateways; i++) {
		const struct config_gateway *to = &config->gateways[i];
		union address sid = sid_make(&to->locator, SRV6_HOST);

		if (to->site == steer->self->site && to != steer->self)
			loads_tell(steer->loads, &sid, message);
	}
	*message = (struct heartbeat){};
}

static void tell(struct steer *steer)
{
	struct heartbeat message = {};

	for (size_t i = 0; i < steer->n; i++) {
		const struct plan_service *service = steer->helms[i].service;

		if (!service->config->policy || !agreement_speaks(&steer->helms[i].agreement))
			continue;
		for (size_t j = 0; j < service->n_others; j++) {
			if (message.count == HEARTBEAT_ENTRIES_MAX)
				send_to_all(steer, &message);
			message.shares[message.count++] = (struct heartbeat_share){
				.service = htobe64(load_service(service->config->name)),
				.site = htobe64(load_service(service->others[j]->name)),
				.gateway = htobe64(load_service(steer->self->name)),
				.share = htobe32(service->shares.sites[j]),
			};
		}
	}
	send_to_all(steer, &message);
}

static struct helm *helm_told(const struct steer *steer, uint64_t service)
{
	for (size_t i = 0; i < steer->n; i++)
		if (load_service(steer->helms[i].service->config->name) == service)
			return &steer->helms[i];
	return NULL;
}

static void on_told(const struct heartbeat *message, void *userdata)
{
	struct steer *steer = userdata;
	uint64_t now = now_us();

	for (size_t i = 0; i < message->count; i++) {
		const struct heartbeat_share *share = &message->shares[i];
		struct helm *helm = helm_told(steer, be64toh(share->service));
		struct agreement_peer peer = {.gateway = be64toh(share->gateway),
					      .boot = be64toh(message->boot),
					      .sequence = be64toh(message->sequence),
					      .heard_us = now};

		for (size_t j = 0; helm && j < helm->service->n_others; j++)
			if (load_service(helm->service->others[j]->name) == be64toh(share->site))
				agreement_hear(&helm->agreement, &peer, j, be32toh(share->share));
	}
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct steer *steer = userdata;
	int r;

	loads_lap(steer->loads);
	for (size_t i = 0; i < steer->n; i++)
		if (steer->helms[i].service->config->policy && steer->helms[i].service->n_others)
			step(steer, &steer->helms[i]);
	if (steer->n)
		tell(steer);
	r = sd_event_source_set_time_relative(source, POLICY_STEP_MS * 1000);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void steer_members_changed(struct steer *steer, const struct plan_service *service)
{
	struct helm *helm = helm_of(steer, service->identity);

	if (helm)
		helm->direction = 0;
}

/* Telling */

/* Without a policy nothing was counted, but who is open is known. */
static struct policy_load use_now(const struct steer *steer, const struct helm *helm)
{
	struct plan_members members = plan_members(helm->service, steer->plan->site);
	struct policy_load use = helm->use;

	use.unknown = use.unknown || !helm->use.members;
	use.healthy = members.open;
	use.members = members.all;
	return use;
}

static enum event_kind kind_of(const struct helm *helm)
{
	if (helm->service->away && !helm->said_away)
		return EVENT_SERVICE_AWAY;
	return is_home(helm->service) && !helm->said_home ? EVENT_SERVICE_HOME : EVENT_SERVICE_SHARES;
}

/* That nobody takes them is not policy's to say. */
void steer_say(struct steer *steer, const struct plan_service *service)
{
	struct helm *helm = helm_of(steer, service->identity);
	char shares[USE_SHARES_MAX], why[USE_TEXT_MAX];
	struct policy_load use;

	if (!helm || !service->rows || strcmp(use_shares(service, shares), helm->said) == 0)
		return;
	use = use_now(steer, helm);
	event_say(kind_of(helm),
		  ABOUT(.service = service->config->name,
			.site = service->away ? service->away->name : NULL,
			.reason = use_why(service, &use, why)),
		  "service %s: new connections: %s (before: %s): %s", service->config->name, shares,
		  helm->said, why);
	note_said(helm, shares);
}

static json_t *shares_json(const struct plan_service *service)
{
	json_t *list = json_array();

	for (size_t i = 0; i < service->n_others; i++)
		json_array_append_new(list, json_pack("{s:s s:f}", "site", service->others[i]->name,
						      "percent", service->shares.sites[i] / 10.0));
	return list;
}

static const char *const measures[] = {[POLICY_UNMEASURED] = "none",
				       [POLICY_CONNECTIONS] = "connections",
				       [POLICY_RATE] = "rate",
				       [POLICY_LOAD] = "load"};

json_t *steer_json(const struct steer *steer, const struct plan_service *service)
{
	const struct helm *helm = helm_of(steer, service->identity);
	struct policy_profile profile = plan_profile(service->config);
	char shares[USE_SHARES_MAX], why[USE_TEXT_MAX];
	struct policy_load use;
	bool known;

	if (!helm || !service->config->policy)
		return json_null();
	use = use_now(steer, helm);
	known = !use.unknown && profile.measure != POLICY_UNMEASURED;
	return json_pack("{s:s s:s s:o s:o s:i s:f s:o s:s s:s}", "name",
			 service->config->policy->name, "measure", measures[profile.measure], "used",
			 known ? json_integer(use.used) : json_null(), "capacity",
			 known ? json_integer(use.capacity) : json_null(), "mark-percent",
			 (int)(profile.spill_at / 10), "stay-percent", service->shares.keep / 10.0,
			 "sites", shares_json(service), "shares", use_shares(service, shares), "why",
			 use_why(service, &use, why));
}

int steer_new(sd_event *event, struct loads *loads, steer_changed_fn changed, void *userdata,
	      struct steer **ret)
{
	struct steer *steer = calloc(1, sizeof(*steer));
	struct timespec now;
	int r;

	if (!steer)
		return -ENOMEM;
	steer->changed = changed;
	steer->loads = loads;
	steer->userdata = userdata;
	clock_gettime(CLOCK_REALTIME, &now);
	steer->boot = now.tv_sec * 1000000000ULL + now.tv_nsec;
	loads_hear_shares(loads, on_told, steer);
	r = sd_event_add_time_relative(event, &steer->timer, CLOCK_MONOTONIC,
				       POLICY_STEP_MS * 1000, ACCURACY_US, on_timer, steer);
	if (r < 0) {
		steer_free(steer);
		return r;
	}
	*ret = steer;
	return 0;
}

struct steer *steer_free(struct steer *steer)
{
	if (!steer)
		return NULL;
	loads_hear_shares(steer->loads, NULL, NULL);
	sd_event_source_disable_unref(steer->timer);
	free(steer->helms);
	free(steer);
	return NULL;
}
