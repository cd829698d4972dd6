/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The members of all services, watched: each is asked again and again by a probe of its service
 * (io/checks.h), and core/health says who may take new connections. The rows are planned over those.
 *
 * A probe takes the way of clients' packets: to the VIP, encapsulated to the backend's SID by the
 * kernel (gateway/probe_ways.h), so it also fails when the way does, or the agent. An agent is told to
 * hand it to the host whatever the socket table says (`must`): so a port on which nobody listens is
 * refused at once. Over IPv6 it is asked from our own locator; over IPv4 from the host's own address. A
 * service with VIPs of both families is asked over IPv6.
 *
 * What their agents say of themselves is asked before each judgement (gateway/loads.h). One that has fallen
 * silent brings the next probe of its backend forward.
 *
 * The members of other sites are asked by the same way, four times as patiently: so each site knows
 * whether another one can take what itself cannot. What was heard last may be a third of a second old. So
 * when nobody is open any more, they are asked once more, at once, before the service is said to be closed and
 * its VIP is withdrawn: a route that goes and comes costs more than their answer.
 *
 * Every gateway judges for itself: two that disagree for a moment send a new connection to different
 * backends, and each connection stays where it began.
 *
 * While the daemon is away nobody is judged, and the rows stay as they are. A member without rows in
 * the tables, because a former daemon found it down or because it is new, has to pass first.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>
#include <systemd/sd-event.h>

#include "core/health.h"
#include "core/plan.h"
#include "core/tables.h"
#include "io/rtnetlink.h"

struct monitor;

/*
 * Members of the service came up or went down: time for monitor_judge and its rows. Called from the
 * loop, once for all that changed together. May not free the monitor.
 */
typedef void (*monitor_changed_fn)(struct plan_service *service, void *userdata);

int monitor_new(sd_event *event, struct rtnetlink *netlink, monitor_changed_fn changed,
		void *userdata, struct monitor **ret);
struct monitor *monitor_free(struct monitor *monitor);

/* From now on these agents are listened to; they live until NULL is given. Without a monitor: nothing. */
struct loads;
void monitor_listen(struct monitor *monitor, const struct loads *loads);

/* Something is new of the backend's agent: judges and asks its services there at once. */
void monitor_agent(struct monitor *monitor, uint16_t id);

/*
 * To be asked by monitor_changed_fn when the rows are planned: has it now been settled that the service is closed,
 * after it was not, or the other way round? Of one that nobody is open for any more it is not, as long as other
 * sites' members are being asked; the function is called again when they have answered.
 */
bool monitor_settles(struct monitor *monitor, const struct plan_service *service);

/* Plans the rows over those that are up; of who is not watched yet the tables tell. 0 or -ENOMEM. */
int monitor_plan(const struct monitor *monitor, struct plan *plan, const struct tables *tables);

/* The same for one service that is watched. */
int monitor_judge(const struct monitor *monitor, const struct plan *plan,
		  struct plan_service *service);

/*
 * From now on watches the members of this plan, which must live until the next call. Who was watched
 * before keeps its state, others begin with what monitor_plan took them for. 0, also when none of our
 * interfaces is up (everybody is unreachable then); or a negative errno, and nobody is watched, and the rows stay.
 */
int monitor_watch(struct monitor *monitor, const struct config *config,
		  const struct config_gateway *self, struct plan *plan, const struct tables *tables);

/* After a change of our links: the kernel may have taken the probes' ways away. Cheap when it has not. */
void monitor_mend(struct monitor *monitor);

/*
 * Says in the tables which backends are dark: every service that is watched there is down, since probes meet
 * nobody, and the agent, that was heard, is silent. They are then no candidates for old connections of
 * others. For what it has itself: who is dark by mistake is still reached by cookie, pin, and who-has.
 */
void monitor_darken(const struct monitor *monitor, const struct tables *tables);

/* NULL: not watched, the service asks for no health. */
const struct health *monitor_find(const struct monitor *monitor, const struct plan_service *service,
				  uint16_t id);

/* How long checks took (gateway/durations.h). */
json_t *monitor_durations_json(const struct monitor *monitor);
