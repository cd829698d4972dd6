/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/diff.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/diff_parts.h"
#include "core/share.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

const char *diff_about_name(enum diff_about about)
{
	static const char *const names[] = {
		[DIFF_VIP] = "vip",
		[DIFF_SERVICE] = "service",
		[DIFF_BACKEND] = "backend",
		[DIFF_GATEWAY] = "gateway",
		[DIFF_INTERFACE] = "interface",
		[DIFF_SETTING] = "setting",
	};

	return names[about];
}

const char *diff_what_name(enum diff_what what)
{
	static const char *const names[] = {
		[DIFF_ADDED] = "added",		[DIFF_REMOVED] = "removed",
		[DIFF_ANNOUNCED] = "announced", [DIFF_WITHDRAWN] = "withdrawn",
		[DIFF_OPENED] = "opened",	[DIFF_CLOSED] = "closed",
		[DIFF_CHANGED] = "changed",
	};

	return names[what];
}

/* What comparing works on. */
struct comparison {
	const struct diff_side *before, *after;
	struct diff *diff;
};

int diff_add(struct diff *diff, const struct diff_change *change)
{
	struct diff_change *changes =
		reallocarray(diff->changes, diff->n_changes + 1, sizeof(*changes));

	if (!changes)
		return -ENOMEM;
	diff->changes = changes;
	changes[diff->n_changes++] = *change;
	return 0;
}

/* --- pairs by name --------------------------------------------------------------------------- */

struct named {
	const char *name;
	const void *item;
};

static int by_name(const void *left, const void *right)
{
	const struct named *a = left, *b = right;

	return strcmp(a->name, b->name);
}

/* Is told of every name once; NULL where that side has none. `userdata` as given to pair(). */
typedef int pair_fn(struct comparison *comparison, const void *before, const void *after,
		    const void *userdata);

/* Sorts both lists and walks them side by side. */
static int pair(struct comparison *comparison, struct named *before, size_t n_before,
		struct named *after, size_t n_after, pair_fn *told, const void *userdata)
{
	size_t i = 0, j = 0;
	int r = 0;

	qsort(before, n_before, sizeof(*before), by_name);
	qsort(after, n_after, sizeof(*after), by_name);
	while (r == 0 && (i < n_before || j < n_after)) {
		int order = i == n_before ? 1 : j == n_after ? -1 : by_name(before + i, after + j);

		r = told(comparison, order <= 0 ? before[i].item : NULL,
			 order >= 0 ? after[j].item : NULL, userdata);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

/* --- VIPs ------------------------------------------------------------------------------------ */

static const struct plan_vip *vip_in(const struct plan *plan, const struct network *network)
{
	for (size_t i = 0; i < plan->n_vips; i++)
		if (network_compare(&plan->vips[i].network, network) == 0)
			return &plan->vips[i];
	return NULL;
}

static int add_vip(struct diff *diff, const struct network *network, enum diff_what what)
{
	struct diff_change change = {.about = DIFF_VIP, .what = what};

	network_format(network, change.name);
	return diff_add(diff, &change);
}

/* Some service on it has an open backend, so it is announced unless the operator switched it off, or
 * drained the gateway.
 */
static bool served(const struct plan *plan, const struct plan_vip *vip)
{
	for (size_t i = 0; vip && i < vip->n_intervals && !plan->drained; i++)
		if (plan->services[vip->intervals[i].service].rows)
			return true;
	return false;
}

static int compare_vip(struct comparison *comparison, const struct plan_vip *before,
		       const struct plan_vip *after)
{
	const struct network *network = before ? &before->network : &after->network;
	bool was = served(comparison->before->plan, before);
	bool is = served(comparison->after->plan, after);
	struct diff *diff = comparison->diff;
	int r = 0;

	if (!before)
		r = add_vip(diff, network, DIFF_ADDED);
	if (r == 0 && was != is)
		r = add_vip(diff, network, is ? DIFF_ANNOUNCED : DIFF_WITHDRAWN);
	if (r == 0 && !after)
		r = add_vip(diff, network, DIFF_REMOVED);
	return r;
}

static int compare_vips(struct comparison *comparison)
{
	const struct plan *before = comparison->before->plan, *after = comparison->after->plan;
	int r = 0;

	for (size_t i = 0; r == 0 && i < before->n_vips; i++)
		r = compare_vip(comparison, &before->vips[i],
				vip_in(after, &before->vips[i].network));
	for (size_t i = 0; r == 0 && i < after->n_vips; i++)
		if (!vip_in(before, &after->vips[i].network))
			r = compare_vip(comparison, NULL, &after->vips[i]);
	return r;
}

/* --- services -------------------------------------------------------------------------------- */

/* Numbers of backends on either side, made once for all services. */
struct backends {
	const struct share_nodes *before, *after;
};

static bool member_open(const struct config_member *member)
{
	return member->enabled && member->weight > 0;
}

static void member_text(const struct config_member *member, char text[static DIFF_VALUE_MAX])
{
	if (member_open(member))
		snprintf(text, DIFF_VALUE_MAX, "weight %u", member->weight);
	else
		snprintf(text, DIFF_VALUE_MAX, "closed");
}

/* Closed or not and how much of it: what a packet would notice. The weight of the closed is
 * nothing. */
static int compare_member(struct comparison *comparison, const void *left, const void *right,
			  const void *service)
{
	const struct config_member *before = left, *after = right;
	bool was = before && member_open(before), is = after && member_open(after);
	struct diff_change change = {.about = DIFF_BACKEND};

	if (before && after && was == is && (!is || before->weight == after->weight))
		return 0;
	snprintf(change.service, sizeof(change.service), "%s", (const char *)service);
	snprintf(change.name, sizeof(change.name), "%s", (before ? before : after)->backend->name);
	if (before)
		member_text(before, change.before);
	if (after)
		member_text(after, change.after);
	if (!before)
		change.what = DIFF_ADDED;
	else if (!after)
		change.what = DIFF_REMOVED;
	else if (was != is)
		change.what = is ? DIFF_OPENED : DIFF_CLOSED;
	else
		change.what = DIFF_CHANGED;
	return diff_add(comparison->diff, &change);
}

static struct named *members_named(const struct config_service *service)
{
	struct named *list = calloc(service->n_members + 1, sizeof(*list));

	for (size_t i = 0; list && i < service->n_members; i++)
		list[i] = (struct named){service->members[i].backend->name, &service->members[i]};
	return list;
}

static int compare_members(struct comparison *comparison, const struct config_service *before,
			   const struct config_service *after)
{
	_cleanup_free_ struct named *left = members_named(before);
	_cleanup_free_ struct named *right = members_named(after);

	if (!left || !right)
		return -ENOMEM;
	return pair(comparison, left, before->n_members, right, after->n_members, compare_member,
		    after->name);
}

static bool has_vip(const struct config_service *service, const struct network *vip)
{
	for (size_t i = 0; i < service->n_vips; i++)
		if (network_compare(&service->vips[i], vip) == 0)
			return true;
	return false;
}

/* The VIPs of `service` that `other` has not. */
static int add_own_vips(struct diff *diff, const struct config_service *service,
			const struct config_service *other, enum diff_what what)
{
	struct diff_change change = {.about = DIFF_VIP, .what = what};
	int r = 0;

	snprintf(change.service, sizeof(change.service), "%s", service->name);
	for (size_t i = 0; r == 0 && i < service->n_vips; i++)
		if (!has_vip(other, &service->vips[i])) {
			network_format(&service->vips[i], change.name);
			r = diff_add(diff, &change);
		}
	return r;
}

static void ports_text(const struct config_service *service, char text[static DIFF_VALUE_MAX])
{
	const char *protocol = service->protocol == IPPROTO_UDP ? "udp" : "tcp";

	if (service->port_first == service->port_last)
		snprintf(text, DIFF_VALUE_MAX, "%s %u", protocol, service->port_first);
	else if (service->port_first == 0)
		snprintf(text, DIFF_VALUE_MAX, "%s any", protocol);
	else
		snprintf(text, DIFF_VALUE_MAX, "%s %u-%u", protocol, service->port_first,
			 service->port_last);
}

int diff_field(struct diff *diff, enum diff_about about, const char *name, const char *field,
	       const char *before, const char *after)
{
	struct diff_change change = {.about = about, .what = DIFF_CHANGED, .field = field};

	if (strcmp(before, after) == 0)
		return 0;
	snprintf(change.name, sizeof(change.name), "%s", name);
	snprintf(change.before, sizeof(change.before), "%s", before);
	snprintf(change.after, sizeof(change.after), "%s", after);
	return diff_add(diff, &change);
}

static int compare_number(struct diff *diff, enum diff_about about, const char *name,
			  const char *field, unsigned int before, unsigned int after)
{
	char left[16], right[16];

	snprintf(left, sizeof(left), "%u", before);
	snprintf(right, sizeof(right), "%u", after);
	return diff_field(diff, about, name, field, left, right);
}

static int compare_ports(struct diff *diff, const struct config_service *before,
			 const struct config_service *after)
{
	char left[DIFF_VALUE_MAX], right[DIFF_VALUE_MAX];

	ports_text(before, left);
	ports_text(after, right);
	return diff_field(diff, DIFF_SERVICE, after->name, "ports", left, right);
}

static int add_share(struct diff *diff, const struct plan_service *before,
		     const struct plan_service *after, const struct backends *backends)
{
	const struct share_bank left = {before->rows, before->size, backends->before};
	const struct share_bank right = {after->rows, after->size, backends->after};
	struct diff_share *shares = reallocarray(diff->shares, diff->n_shares + 1, sizeof(*shares));
	struct diff_share *share;

	if (!shares)
		return -ENOMEM;
	diff->shares = shares;
	share = &shares[diff->n_shares++];
	*share = (struct diff_share){.moved = share_moved(&left, &right)};
	snprintf(share->service, sizeof(share->service), "%s", after->config->name);
	return 0;
}

static int compare_health(struct diff *diff, const struct config_service *before,
			  const struct config_service *after)
{
	const struct diff_options options = {DIFF_SERVICE, after->name, strlen("services.*.")};

	return diff_options(diff, &options, "services.*.health", &before->health, &after->health);
}

/* What only a gateway holds of a service. */
static int compare_served(struct comparison *comparison, const struct plan_service *before,
			  const struct plan_service *after, const struct backends *backends)
{
	struct diff *diff = comparison->diff;
	const char *name = after->config->name;
	int r = compare_number(diff, DIFF_SERVICE, name, "rows", before->size, after->size);

	if (r == 0)
		r = diff_field(diff, DIFF_SERVICE, name, "agents",
				  before->config->agentless ? "none" : "all",
				  after->config->agentless ? "none" : "all");
	if (r == 0)
		r = diff_field(diff, DIFF_SERVICE, name, "cookie",
				  before->config->cookie ? "on" : "off",
				  after->config->cookie ? "on" : "off");
	if (r == 0)
		r = diff_field(diff, DIFF_SERVICE, name, "sticky",
				  before->config->sticky ? "true" : "false",
				  after->config->sticky ? "true" : "false");
	if (r == 0)
		r = compare_number(diff, DIFF_SERVICE, name, "who-has", before->config->who_has,
				   after->config->who_has);
	if (r == 0)
		r = diff_field(diff, DIFF_SERVICE, name, "return",
				  before->flags & SERVICE_RETURN ? "gateway" : "direct",
				  after->flags & SERVICE_RETURN ? "gateway" : "direct");
	if (r == 0)
		r = compare_health(diff, before->config, after->config);
	if (r == 0)
		r = diff_policies(diff, before, after);
	if (r == 0)
		r = compare_members(comparison, before->config, after->config);
	if (r == 0)
		r = add_share(diff, before, after, backends);
	return r;
}

static int compare_service(struct comparison *comparison, const void *left, const void *right,
			   const void *backends)
{
	const struct plan_service *before = left, *after = right;
	struct diff *diff = comparison->diff;
	int r;

	if (!before || !after) {
		struct diff_change change = {.about = DIFF_SERVICE,
					     .what = after ? DIFF_ADDED : DIFF_REMOVED};

		snprintf(change.name, sizeof(change.name), "%s",
			 (before ? before : after)->config->name);
		return diff_add(diff, &change);
	}
	r = compare_ports(diff, before->config, after->config);
	if (r == 0)
		r = add_own_vips(diff, before->config, after->config, DIFF_REMOVED);
	if (r == 0)
		r = add_own_vips(diff, after->config, before->config, DIFF_ADDED);
	if (r == 0 && comparison->after->gateway)
		r = compare_served(comparison, before, after, backends);
	return r;
}

static struct named *services_named(const struct plan *plan)
{
	struct named *list = calloc(plan->n_services + 1, sizeof(*list));

	for (size_t i = 0; list && i < plan->n_services; i++)
		list[i] = (struct named){plan->services[i].config->name, &plan->services[i]};
	return list;
}

static int compare_services(struct comparison *comparison)
{
	const struct plan *before = comparison->before->plan, *after = comparison->after->plan;
	_cleanup_free_ struct share_nodes *left =
		share_nodes_new(before->backends, before->n_backends);
	_cleanup_free_ struct share_nodes *right =
		share_nodes_new(after->backends, after->n_backends);
	_cleanup_free_ struct named *had = services_named(before), *has = services_named(after);
	const struct backends backends = {left, right};

	if (!left || !right || !had || !has)
		return -ENOMEM;
	share_nodes_add(left, before->sites, before->n_sites);
	share_nodes_add(right, after->sites, after->n_sites);
	return pair(comparison, had, before->n_services, has, after->n_services, compare_service,
		    &backends);
}

/* --- nodes ----------------------------------------------------------------------------------- */

static int compare_node(struct comparison *comparison, const void *left, const void *right,
			const void *userdata)
{
	const struct plan_node *before = left, *after = right;
	enum diff_about about = *(const enum diff_about *)userdata;
	struct diff *diff = comparison->diff;
	char from[DIFF_VALUE_MAX], to[DIFF_VALUE_MAX];
	int r = 0;

	if (!before || !after) {
		struct diff_change change = {.about = about,
					     .what = after ? DIFF_ADDED : DIFF_REMOVED};

		snprintf(change.name, sizeof(change.name), "%s", (before ? before : after)->name);
		return diff_add(diff, &change);
	}
	/* A router's number is a place in this plan's list, and no property of it. */
	if (about == DIFF_BACKEND)
		r = compare_number(diff, about, after->name, "id", before->number, after->number);
	address_format(&before->sids[0], from);
	address_format(&after->sids[0], to);
	return r < 0 ? r : diff_field(diff, about, after->name, "SID", from, to);
}

static struct named *nodes_named(const struct plan_node *nodes, size_t n)
{
	struct named *list = calloc(n + 1, sizeof(*list));

	for (size_t i = 0; list && i < n; i++)
		list[i] = (struct named){nodes[i].name, &nodes[i]};
	return list;
}

static int compare_nodes(struct comparison *comparison, enum diff_about about,
			 const struct plan_node *before, size_t n_before,
			 const struct plan_node *after, size_t n_after)
{
	_cleanup_free_ struct named *left = nodes_named(before, n_before);
	_cleanup_free_ struct named *right = nodes_named(after, n_after);

	if (!left || !right)
		return -ENOMEM;
	return pair(comparison, left, n_before, right, n_after, compare_node, &about);
}

static int compare_backends(struct comparison *comparison)
{
	const struct plan *before = comparison->before->plan, *after = comparison->after->plan;

	return compare_nodes(comparison, DIFF_BACKEND, before->backends, before->n_backends,
			     after->backends, after->n_backends);
}

static int compare_routers(struct comparison *comparison)
{
	const struct plan *before = comparison->before->plan, *after = comparison->after->plan;
	_cleanup_free_ struct share_nodes *left =
		share_nodes_new(before->routers, before->n_routers);
	_cleanup_free_ struct share_nodes *right =
		share_nodes_new(after->routers, after->n_routers);
	const struct share_bank from = {before->router_rows, before->router_size, left};
	const struct share_bank to = {after->router_rows, after->router_size, right};

	if (!left || !right)
		return -ENOMEM;
	comparison->diff->routers_moved = share_moved(&from, &to);
	return compare_nodes(comparison, DIFF_GATEWAY, before->routers, before->n_routers,
			     after->routers, after->n_routers);
}

/* --- the node itself ------------------------------------------------------------------------- */

static int compare_interface(struct comparison *comparison, const void *before, const void *after,
			     const void *userdata)
{
	struct diff_change change = {.about = DIFF_INTERFACE,
				     .what = after ? DIFF_ADDED : DIFF_REMOVED};

	if (before && after)
		return 0;
	snprintf(change.name, sizeof(change.name), "%s", (const char *)(before ? before : after));
	return diff_add(comparison->diff, &change);
}

static struct named *interfaces_named(const struct diff_side *side)
{
	struct named *list = calloc(side->n_interfaces + 1, sizeof(*list));

	for (size_t i = 0; list && i < side->n_interfaces; i++)
		list[i] = (struct named){side->interfaces[i], side->interfaces[i]};
	return list;
}

static int compare_interfaces(struct comparison *comparison)
{
	_cleanup_free_ struct named *left = interfaces_named(comparison->before);
	_cleanup_free_ struct named *right = interfaces_named(comparison->after);

	if (!left || !right)
		return -ENOMEM;
	return pair(comparison, left, comparison->before->n_interfaces, right,
		    comparison->after->n_interfaces, compare_interface, NULL);
}

static int compare_metrics(struct comparison *comparison)
{
	const struct diff_options options = {.about = DIFF_SETTING};

	return diff_options(comparison->diff, &options, "metrics",
			    &comparison->before->plan->config->metrics,
			    &comparison->after->plan->config->metrics);
}

static int compare_settings(struct comparison *comparison)
{
	return diff_settings(comparison->diff, comparison->before, comparison->after);
}

int diff_sides(const struct diff_side *before, const struct diff_side *after, struct diff **ret)
{
	static int (*const steps[])(struct comparison * comparison) = {
		compare_settings, compare_metrics, compare_interfaces, compare_routers,
		compare_backends, compare_vips,	      compare_services,
	};
	_cleanup_diff_ struct diff *diff = calloc(1, sizeof(*diff));
	struct comparison comparison = {.before = before, .after = after, .diff = diff};

	if (!diff)
		return -ENOMEM;
	for (size_t i = 0; i < LENGTH(steps); i++) {
		int r = steps[i](&comparison);

		if (r < 0)
			return r;
	}
	*ret = take(diff);
	return 0;
}

bool diff_is_empty(const struct diff *diff)
{
	for (size_t i = 0; i < diff->n_shares; i++)
		if (diff->shares[i].moved > 0)
			return false;
	return !diff->n_changes && !diff->reload && diff->routers_moved == 0;
}

struct diff *diff_free(struct diff *diff)
{
	if (!diff)
		return NULL;
	free(diff->changes);
	free(diff->shares);
	free(diff);
	return NULL;
}
