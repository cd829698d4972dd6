/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "agent/host.h"

#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/pins.h"
#include "io/directory.h"
#include "io/sysctl.h"

#define SYSCTL_VALUE_MAX 64
#define LOOPBACK "lo"

/*
 * {"sysctls": {PATH: FORMER VALUE}, "addresses": {NETWORK: true}, "qdiscs": {INTERFACE: true},
 *  "route": {"via": ADDRESS, "dev": INTERFACE}}
 */
struct host {
	struct rtnetlink *netlink;
	char *path;
	json_t *record;
	bool no_way; /* back for IPv4, and that was said */
};

static json_t *section(const struct host *host, const char *name)
{
	json_t *found = json_object_get(host->record, name);

	if (!found) {
		found = json_object();
		json_object_set_new(host->record, name, found);
	}
	return found;
}

int host_open(struct rtnetlink *netlink, const char *record, struct host **ret)
{
	struct host *host = calloc(1, sizeof(*host));

	if (!host)
		return -ENOMEM;
	host->netlink = netlink;
	host->path = strdup(record);
	host->record = json_load_file(record, 0, NULL);
	if (!json_is_object(host->record)) {
		json_decref(host->record);
		host->record = json_object();
	}
	if (!host->path || !host->record) {
		host_free(host);
		return -ENOMEM;
	}
	*ret = host;
	return 0;
}

struct host *host_free(struct host *host)
{
	if (!host)
		return NULL;
	json_decref(host->record);
	free(host->path);
	free(host);
	return NULL;
}

/* The record is on disk before the change that it describes: a crash in between undoes too much of
 * what was never done, which is harmless. */
static int save(const struct host *host)
{
	_cleanup_free_ char *temporary = NULL;
	int r = directory_make_for(host->path, 0755);

	if (r < 0) {
		log_error("%s: cannot be written: %s", host->path, strerror(-r));
		return r;
	}
	if (asprintf(&temporary, "%s.new", host->path) < 0)
		return -ENOMEM;
	if (json_dump_file(host->record, temporary, JSON_INDENT(2)) < 0 ||
	    rename(temporary, host->path) < 0) {
		log_error("%s: cannot be written: %s", host->path, strerror(errno));
		return -EIO;
	}
	return 0;
}

/* Sysctls */

static int set_sysctl(struct host *host, const char *path, const char *value)
{
	char former[SYSCTL_VALUE_MAX];
	int r = sysctl_read(path, former, sizeof(former));

	if (r == 0 && strcmp(former, value) == 0)
		return 0;
	if (r == 0 && !json_object_get(section(host, "sysctls"), path)) {
		json_object_set_new(section(host, "sysctls"), path, json_string(former));
		r = save(host);
	}
	if (r == 0)
		r = sysctl_write(path, value);
	if (r < 0)
		log_error("%s: cannot be set to %s: %s", path, value, strerror(-r));
	return r;
}

/* `all` and the interface: the kernel takes the greater of the two. */
int host_prepare_interface(struct host *host, const char *interface)
{
	static const struct {
		const char *name, *value;
	} wanted[] = {{"rp_filter", "0"}, {"arp_ignore", "1"}, {"arp_announce", "2"}};
	int result = 0;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		_cleanup_free_ char *path = NULL;
		int r;

		if (asprintf(&path, "net/ipv4/conf/%s/%s", interface, wanted[i].name) < 0)
			return -ENOMEM;
		r = set_sysctl(host, path, wanted[i].value);
		result = r < 0 ? r : result;
	}
	return result;
}

/* Without a random offset the kernel's clock is known, and a handshake can be restored without state. */
static int set_timestamps(struct host *host, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_services; i++)
		if (plan->services[i].flags & SERVICE_COOKIE)
			return set_sysctl(host, "net/ipv4/tcp_timestamps", "2");
	return 0;
}

/* VIPs on lo: an address, or for a network a local route */

static int change_address(struct host *host, const struct network *vip, bool add)
{
	int ifindex = rtnetlink_ifindex(host->netlink, LOOPBACK);

	if (ifindex < 0)
		return ifindex;
	if (vip->length < 128 && add)
		return rtnetlink_local_add(host->netlink, ifindex, &vip->address, vip->length,
					   HOLDFAST_PROTOCOL);
	if (vip->length < 128)
		return rtnetlink_local_del(host->netlink, ifindex, &vip->address, vip->length,
					   HOLDFAST_PROTOCOL);
	if (add)
		return rtnetlink_address_add(host->netlink, ifindex, &vip->address, vip->length);
	return rtnetlink_address_del(host->netlink, ifindex, &vip->address, vip->length);
}

/* 1: it was there before. */
static int take_address(struct host *host, const struct network *vip)
{
	char text[NETWORK_TEXT_MAX];
	int r = change_address(host, vip, true);

	if (r < 0)
		log_error("%s: cannot be put on " LOOPBACK ": %s", network_format(vip, text),
			  strerror(-r));
	return r;
}

static int drop_address(struct host *host, const char *text)
{
	struct network vip;
	int r = network_parse(text, &vip);

	if (r == 0)
		r = change_address(host, &vip, false);
	if (r < 0)
		log_error("%s: cannot be taken off " LOOPBACK ": %s", text, strerror(-r));
	return r;
}

static bool planned(const struct plan *plan, const char *text)
{
	for (size_t i = 0; plan && i < plan->n_vips; i++) {
		char vip[NETWORK_TEXT_MAX];

		if (strcmp(network_format(&plan->vips[i].network, vip), text) == 0)
			return true;
	}
	return false;
}

/* Takes off what is on record and not in the plan; NULL plan: everything. */
static int drop_other_addresses(struct host *host, const struct plan *plan)
{
	const char *text;
	json_t *value;
	void *next;
	int result = 0;

	json_object_foreach_safe(section(host, "addresses"), next, text, value) {
		int r;

		if (planned(plan, text))
			continue;
		r = drop_address(host, text);
		if (r < 0)
			result = r;
		else
			json_object_del(section(host, "addresses"), text);
	}
	return result;
}

/* Puts those of the plan on record that are not; `ret_new`, a flag for each, says which. */
static int record_addresses(struct host *host, const struct plan *plan, bool *ret_new)
{
	json_t *addresses = section(host, "addresses");
	size_t n_new = 0;

	for (size_t i = 0; i < plan->n_vips; i++) {
		char text[NETWORK_TEXT_MAX];

		network_format(&plan->vips[i].network, text);
		ret_new[i] = !json_object_get(addresses, text);
		n_new += ret_new[i];
		if (ret_new[i] && json_object_set_new(addresses, text, json_true()) < 0)
			return -ENOMEM;
	}
	return n_new ? save(host) : 0;
}

/* What was there before we came is not ours to take off, and leaves the record again. */
static int set_addresses(struct host *host, const struct plan *plan)
{
	_cleanup_free_ bool *new = calloc(plan->n_vips + 1, sizeof(*new));
	int result = drop_other_addresses(host, plan), r;
	bool others = false;

	r = new ? record_addresses(host, plan, new) : -ENOMEM;
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->n_vips; i++) {
		const struct network *vip = &plan->vips[i].network;
		char text[NETWORK_TEXT_MAX];

		r = take_address(host, vip);
		result = r < 0 ? r : result;
		if (!new[i] || r == 0)
			continue;
		json_object_del(section(host, "addresses"), network_format(vip, text));
		others = true;
	}
	r = others ? save(host) : 0;
	return r < 0 ? r : result;
}

/* The way back for IPv4 */

static bool serves_v4(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_vips; i++)
		if (address_is_v4(&plan->vips[i].network.address))
			return true;
	return false;
}

static int say_no_way(struct host *host, int error)
{
	if (!host->no_way)
		log_error("there is no default route, neither for IPv4 nor for IPv6: replies to "
			  "IPv4 clients have no way");
	host->no_way = true;
	return error;
}

int host_set_route(struct host *host, const struct plan *plan)
{
	char text[ADDRESS_TEXT_MAX], interface[IF_NAMESIZE];
	union address gateway;
	uint32_t ifindex;
	int r;

	if (!serves_v4(plan) || rtnetlink_has_default_inet(host->netlink) != 0) {
		host->no_way = false;
		return 0;
	}
	r = rtnetlink_default_inet6(host->netlink, &gateway, &ifindex);
	if (r < 0 || !if_indextoname(ifindex, interface))
		return say_no_way(host, r < 0 ? r : -ENODEV);
	address_format(&gateway, text);
	json_object_set_new(host->record, "route",
			    json_pack("{s:s s:s}", "via", text, "dev", interface));
	r = save(host);
	if (r == 0)
		r = rtnetlink_route_default_via_inet6(host->netlink, &gateway, ifindex,
						      HOLDFAST_PROTOCOL);
	if (r < 0)
		log_error("cannot route IPv4 replies via %s: %s", text, strerror(-r));
	host->no_way = r < 0;
	return r < 0 ? r : 0;
}

static int undo_route(struct host *host)
{
	const char *via = NULL, *interface = NULL;
	union address gateway;

	if (json_unpack(json_object_get(host->record, "route"), "{s:s s:s}", "via", &via, "dev",
			&interface) < 0)
		return 0;
	if (address_parse(via, &gateway) < 0 || !if_nametoindex(interface))
		return 0; /* the interface is gone, and its routes with it */
	return rtnetlink_route_default_via_inet6_delete(host->netlink, &gateway,
							if_nametoindex(interface), HOLDFAST_PROTOCOL);
}

static int undo_sysctls(struct host *host)
{
	const char *path;
	json_t *value;
	int result = 0;

	json_object_foreach(section(host, "sysctls"), path, value) {
		int r = sysctl_write(path, json_string_value(value));

		if (r < 0 && r != -ENOENT) {
			log_error("%s: cannot be set back to %s: %s", path,
				  json_string_value(value), strerror(-r));
			result = r;
		}
	}
	return result;
}

int host_prepare(struct host *host, const struct plan *plan, char *const *interfaces,
		 size_t n_interfaces)
{
	int result = host_prepare_interface(host, "all");
	int r;

	for (size_t i = 0; i < n_interfaces; i++) {
		r = host_prepare_interface(host, interfaces[i]);
		result = r < 0 ? r : result;
	}
	r = set_timestamps(host, plan);
	result = r < 0 ? r : result;
	r = host_set_route(host, plan);
	result = r < 0 ? r : result;
	r = set_addresses(host, plan);
	return r < 0 ? r : result;
}

int host_remember_qdisc(struct host *host, const char *interface)
{
	json_object_set_new(section(host, "qdiscs"), interface, json_true());
	return save(host);
}

static int undo_qdiscs(struct host *host)
{
	const char *interface;
	json_t *value;
	int result = 0;

	json_object_foreach(section(host, "qdiscs"), interface, value) {
		int r = pins_remove_egress_qdisc(interface);

		if (r < 0 && r != -ENODEV && r != -EINVAL) { /* -EINVAL: it is gone already */
			log_error("%s: cannot take our qdisc away: %s", interface, strerror(-r));
			result = r;
		}
	}
	return result;
}

int host_undo(struct host *host)
{
	int result = drop_other_addresses(host, NULL);
	int r = undo_route(host);

	if (r < 0) {
		log_error("cannot remove the IPv4 default route: %s", strerror(-r));
		result = r;
	}
	r = undo_sysctls(host);
	result = r < 0 ? r : result;
	r = undo_qdiscs(host);
	result = r < 0 ? r : result;
	if (result == 0)
		unlink(host->path);
	return result;
}
