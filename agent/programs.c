/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "agent/programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "agent_accept.skel.h"
#include "agent_birth.skel.h"
#include "agent_restore.skel.h"
#include "agent_stamp.skel.h"
#include "base/log.h"
#include "bpf/direct.h"
#include "core/vips.h"
#include "daemon/counters.h"
#include "daemon/networks.h"

struct programs {
	struct agent_accept *accept;
	struct agent_stamp *stamp;
	struct agent_birth *birth;
	struct agent_restore *restore;
	struct agent_settings settings; /* as they were asked for */
	struct tables tables; /* of which an agent has VIPs and intervals */
};

/* Opens, sets and loads one of the programs. */
#define LOAD(name, pins, settings, programs)                                                       \
	({                                                                                         \
		int r_ = -ENOMEM;                                                                  \
		(programs)->name = agent_##name##__open();                                         \
		if ((programs)->name) {                                                            \
			memcpy((void *)&(programs)->name->rodata->settings, settings,              \
			       sizeof(*(settings)));                                               \
			r_ = pins_use_maps(pins, (programs)->name->obj);                           \
			r_ = r_ < 0 ? r_ : agent_##name##__load((programs)->name);                 \
		}                                                                                  \
		r_;                                                                                \
	})

/* 0: not known, where the kernel has no such option. */
static uint64_t own_netns(void)
{
	_cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
		return 0;
	return cookie;
}

static int load(const struct pins *pins, const struct agent_settings *settings,
		struct programs *programs)
{
	int r = direct_tables();

	if (r == 0)
		r = LOAD(accept, pins, settings, programs);
	if (r == 0)
		r = LOAD(stamp, pins, settings, programs);
	if (r == 0)
		r = LOAD(birth, pins, settings, programs);
	if (r == 0)
		r = LOAD(restore, pins, settings, programs);
	return r;
}

#define VIPS_SIZE (VIP_SLOTS * sizeof(struct vip_slot))
#define INTERVALS_SIZE (INTERVALS_MAX * sizeof(struct interval))

static int map_tables(struct programs *programs)
{
	int r = pins_map_memory(programs->accept->maps.vips, VIPS_SIZE,
				(void **)&programs->tables.vips);

	if (r < 0)
		return r;
	return pins_map_memory(programs->accept->maps.intervals, INTERVALS_SIZE,
			       (void **)&programs->tables.intervals);
}

int programs_new(const struct pins *pins, const struct agent_settings *settings,
		 struct programs **ret)
{
	struct programs *programs = calloc(1, sizeof(*programs));
	struct agent_settings here = *settings;
	int r;

	if (!programs)
		return -ENOMEM;
	programs->settings = *settings;
	here.netns = own_netns();
	r = load(pins, &here, programs);
	if (r == 0)
		r = map_tables(programs);
	if (r < 0) {
		log_error("the kernel refuses the agent's programs: %s", strerror(-r));
		programs_free(programs);
		return r;
	}
	*ret = programs;
	return 0;
}

bool programs_fit(const struct programs *programs, const struct agent_settings *settings)
{
	return programs && memcmp(&programs->settings, settings, sizeof(*settings)) == 0;
}

struct programs *programs_free(struct programs *programs)
{
	if (!programs)
		return NULL;
	if (programs->tables.vips)
		munmap(programs->tables.vips, VIPS_SIZE);
	if (programs->tables.intervals)
		munmap(programs->tables.intervals, INTERVALS_SIZE);
	agent_accept__destroy(programs->accept);
	agent_stamp__destroy(programs->stamp);
	agent_birth__destroy(programs->birth);
	agent_restore__destroy(programs->restore);
	free(programs);
	return NULL;
}

static int attach_restore(const struct programs *programs, const struct pins *pins,
			  struct host *host, const char *interface)
{
	int r = pins_attach_ingress(interface, programs->restore->progs.agent_restore);

	return r == 1 ? host_remember_qdisc(host, interface) : r;
}

static int attach_stamp(const struct programs *programs, const struct pins *pins, struct host *host,
			const char *interface)
{
	return pins_attach_egress(interface, programs->stamp->progs.agent_stamp);
}

static int attach_accept(const struct programs *programs, const struct pins *pins,
			 struct host *host, const char *interface)
{
	return pins_attach_xdp(pins, interface, programs->accept->progs.agent_accept, NULL);
}

typedef int attach_t(const struct programs *programs, const struct pins *pins, struct host *host,
		     const char *interface);

/* To all interfaces, whatever becomes of one; returns the last error. */
static int attach_each(const struct programs *programs, const struct pins *pins, struct host *host,
		       char *const *interfaces, size_t n, attach_t *attach)
{
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		int r = attach(programs, pins, host, interfaces[i]);

		if (r < 0) {
			log_error("%s: cannot attach the agent's programs: %s", interfaces[i],
				  strerror(-r));
			result = r;
		}
	}
	return result;
}

/*
 * What is stamped must be restored, and its birth known: who stamps comes last. That holds for new keys,
 * too, since a SYN-ACK of the new epoch must find them all in place, and one of the former does.
 */
int programs_attach(const struct programs *programs, const struct pins *pins, struct host *host,
		    char *const *interfaces, size_t n)
{
	int r = attach_each(programs, pins, host, interfaces, n, attach_restore), accept;

	if (r == 0) {
		r = pins_attach_sockets(pins, programs->birth->progs.agent_birth);
		if (r < 0)
			log_error("cannot follow the births of connections at the cgroup's root: %s",
				  strerror(-r));
	}
	if (r == 0)
		r = attach_each(programs, pins, host, interfaces, n, attach_stamp);
	accept = attach_each(programs, pins, host, interfaces, n, attach_accept);
	return r < 0 ? r : accept;
}

int programs_put_vips(const struct programs *programs, const struct plan *plan)
{
	_cleanup_free_ uint64_t *words = calloc(plan->n_vips + 1, sizeof(*words));
	int r;

	if (!words)
		return -ENOMEM;
	r = vips_apply(&programs->tables, plan, words);
	if (r < 0)
		return r;
	return networks_put(programs->accept->maps.vip_prefixes, plan, words);
}

bool programs_born(const struct programs *programs, size_t service, uint64_t *ret)
{
	int n_cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *each = n_cpus > 0 ? calloc(n_cpus, sizeof(*each)) : NULL;
	uint32_t key = service;
	uint64_t all = 0;

	if (!each || bpf_map__lookup_elem(programs->birth->maps.births, &key, sizeof(key), each,
					  n_cpus * sizeof(*each), 0) < 0)
		return false;
	for (int i = 0; i < n_cpus; i++)
		all += each[i];
	*ret = all;
	return true;
}

int programs_connections(const struct programs *programs)
{
	return bpf_map__fd(programs->restore->maps.connections);
}

/* Packets on their way in, then replies on their way out. */
int programs_counters(const struct programs *programs, json_t **ret)
{
	json_t *counters, *replies;
	int r = counters_read(programs->accept->maps.counters, agent_verdict_rows,
			      n_agent_verdict_rows, &counters);

	if (r < 0)
		return r;
	r = counters_read(programs->stamp->maps.reply_counters, reply_verdict_rows,
			  n_reply_verdict_rows, &replies);
	if (r < 0 || json_object_update(counters, replies) < 0) {
		json_decref(counters);
		json_decref(r < 0 ? NULL : replies);
		return r < 0 ? r : -ENOMEM;
	}
	json_decref(replies);
	*ret = counters;
	return 0;
}
