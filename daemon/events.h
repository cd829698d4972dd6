/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What has happened: a backend went down and why, a gateway came back, a VIP was withdrawn, a
 * configuration was refused. An event is said once, here: it becomes a line of the log, an entry of a
 * bounded list, which `holdfast events` and the page fetch, and one more of its kind among the metrics.
 *
 * Kinds are rows of one table. As the log, the list is the process's: whoever knows of something says so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "base/log.h"
#include "io/control.h"

#define EVENT_KINDS(ROW)                                                                           \
	ROW(READY, "ready", INFO, "the daemon has begun")                                           \
	ROW(CONFIG_READ, "config-read", INFO, "a configuration was taken over")                     \
	ROW(CONFIG_REFUSED, "config-refused", ERROR,                                                \
	    "a configuration was not taken over, the former one goes on")                           \
	ROW(STORE_TAKEN, "store-taken", INFO, "a configuration of the store was taken over")        \
	ROW(STORE_REFUSED, "store-refused", ERROR,                                                  \
	    "what the store has is no configuration, the last one goes on")                         \
	ROW(STORE_LOST, "store-lost", ERROR, "the store cannot be reached, the last state goes on") \
	ROW(STORE_BACK, "store-back", INFO, "it answers again")                                     \
	ROW(STORE_ALARM, "store-alarm", ERROR,                                                      \
	    "the store is read but not written: it is full, or its data are corrupt")                \
	ROW(STORE_CALM, "store-calm", INFO, "it is written again")                                  \
	ROW(BACKEND_DOWN, "backend-down", WARNING, "a backend of a service fails its health checks") \
	ROW(BACKEND_UP, "backend-up", INFO, "it passes them again")                                 \
	ROW(AGENT_SILENT, "agent-silent", WARNING, "a backend's agent is not heard any more")       \
	ROW(AGENT_STOPPED, "agent-stopped", INFO, "it has said that it stops")                      \
	ROW(AGENT_HEARD, "agent-heard", INFO, "it is heard again")                                  \
	ROW(SERVICE_AWAY, "service-away", WARNING,                                                  \
	    "nobody is up here: new connections go to another site")                                \
	ROW(SERVICE_HOME, "service-home", INFO, "new connections stay here again")                  \
	ROW(SERVICE_SHARES, "service-shares", INFO,                                                 \
	    "policy moves a part of the new connections to another site, or home")                  \
	ROW(SERVICE_DOWN, "service-down", ERROR, "nobody is up anywhere: it takes no new connections") \
	ROW(SERVICE_OFF, "service-off", WARNING, "an operator has switched a service off")          \
	ROW(SERVICE_ON, "service-on", INFO, "an operator has switched it on again")                 \
	ROW(VIP_ANNOUNCED, "vip-announced", INFO, "this gateway announces a VIP")                   \
	ROW(VIP_WITHDRAWN, "vip-withdrawn", WARNING, "it does not any more")                        \
	ROW(DRAIN_LEAVING, "drain-leaving", WARNING,                                                \
	    "this gateway is drained: its VIPs are announced with graceful shutdown")               \
	ROW(DRAIN_LEFT, "drain-left", WARNING, "traffic has left, or was waited for long enough")   \
	ROW(DRAIN_OVER, "drain-over", INFO, "it is not drained any more")                           \
	ROW(GATEWAY_SILENT, "gateway-silent", WARNING,                                              \
	    "another gateway of the site does not answer: flows are routed without it")             \
	ROW(GATEWAY_BACK, "gateway-back", INFO, "it answers again")                                 \
	ROW(GATEWAY_STRANGE, "gateway-strange", WARNING, "it has another secret")                   \
	ROW(EXPORT_FAILED, "export-failed", WARNING, "the numbers do not reach who is to get them") \
	ROW(EXPORT_BACK, "export-back", INFO, "they do again")

enum event_kind {
#define ROW(symbol, name, level, help) EVENT_##symbol,
	EVENT_KINDS(ROW)
#undef ROW
	EVENT_KINDS_END,
};

/* Whom it is about; what is NULL is not told. */
struct event_about {
	const char *service, *backend, *gateway, *vip, *site, *reason;
};

#define ABOUT(...) (&(struct event_about){__VA_ARGS__})

/* The text is a line of the log, at the level of the kind. */
void event_say(enum event_kind kind, const struct event_about *about, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * {"next": N, "lost": N, "events": [{"number", "time", "event", "level", "text", and whom it is about}]}:
 * those from number `from` on that are still there. The next call asks from "next"; "lost" came in
 * between and gave way. A number beyond the newest is of a daemon before this one, and asks for all.
 */
json_t *events_json(uint64_t from);

/* {"backend-down": {"count": N, "last_s": seconds since 1970}, ...}: of every kind, 0 if never. */
json_t *events_counts_json(void);

/* Is the last configuration that was read not the one that is used? */
bool events_config_refused(void);

/* For the control socket: ?from=N. */
int answer_events(const struct control_request *request, void *userdata, json_t **ret);
