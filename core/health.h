/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * May a backend of a service take new connections? Probes ask it over the service's own way
 * (io/checks.h), and its agent tells of itself (wire/heartbeat.h). This is what their results say about
 * one backend of one service: a state, changed by events at given times.
 *
 *   - `fall` probes fail in a row, and it is down. While in doubt, the next probe follows a failed one
 *     after `timeout` and not after `interval`, so a death is seen after at most
 *
 *	interval + fall * timeout	80 + 3 * 50 = 230 ms by default, of the 300 that are promised
 *
 *   - `rise` probes pass in a row, and it is up. If it fell soon after it had come back, they have to
 *     pass for a while, twice as long each time: a backend that comes and goes makes a generation of
 *     rows each time, and only the last three are remembered. One that stayed up for HEALTH_STABLE_US
 *     begins anew. Until then it is `held`: it could serve, and does where nobody else can, so that
 *     damping never closes a service. `fall` failures in a row end that, too.
 *   - Its agent says that nobody listens any more: down at once, the host itself knows. That somebody
 *     listens again says nothing about whether he serves; probes do.
 *   - Its agent was heard and has fallen silent: no reason to close, since packets are claimed with or
 *     without the agent's daemon. But then one failed probe is enough. Unless the operator says that
 *     the heartbeat is `required`: then silence closes, and no probe opens before it ends.
 *   - Never does a heartbeat open what probes have closed, and who was not heard yet is not missed.
 *
 * Down closes a backend to new connections. It never ends one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_STABLE_US (10 * 1000000ULL)
#define HEALTH_HOLD_FIRST_US (500 * 1000ULL)
#define HEALTH_HOLD_MAX_US (10 * 1000000ULL)

/* Of a service; as the configuration has them. */
struct health_rules {
	uint32_t interval_ms, timeout_ms;
	uint32_t rise, fall;
	uint32_t jitter; /* percent of the interval by which a probe may come early */
	bool required;	 /* the agent's heartbeat */
};

/* How a probe ended, and so why a backend is down. The words for it are health_reason_text's. */
enum health_reason {
	HEALTH_PASSED,
	HEALTH_REFUSED,	    /* reset, or ICMP port unreachable */
	HEALTH_TIMEOUT,
	HEALTH_UNREACHABLE, /* no route, no neighbour, no address to ask from */
	HEALTH_WRONG,	    /* an answer, but not the one that is wanted */
	HEALTH_INSECURE,    /* TLS came to nothing */
	HEALTH_NO_LISTENER, /* its agent says so */
	HEALTH_SILENT,	    /* its agent is, whose heartbeat is required */
	HEALTH_HELD,	    /* it passes, and comes and goes */
	HEALTH_UNKNOWN,	    /* not heard of yet, and to be proved first */
	HEALTH_REASONS,
};

struct health {
	bool up;
	bool held;		   /* down, though it passes: damping keeps it out */
	bool silent;		   /* its agent, by the last health_agent */
	bool returned;		   /* it was down before, and came back at: */
	uint64_t returned_us;
	uint64_t since_us;	   /* of the present state */
	uint64_t hold_us;	   /* without a failure, until it may be up again; 0: not damped */
	uint64_t failed_us;	   /* last */
	uint32_t passes, failures; /* in a row */
	uint32_t falls;		   /* so far */
	enum health_reason reason; /* why it is down, or of the last failure; PASSED: none since it is up */
};

/* A backend of which nothing is known but what to take it for. */
struct health health_new(bool up, uint64_t now_us);

/*
 * A probe has ended. True: `up` has changed. Times are of a clock that only runs forward.
 */
bool health_probed(struct health *health, const struct health_rules *rules,
		   enum health_reason reason, uint64_t now_us);

/* What there is to say of a backend's agent, from its heartbeats (core/load.h). */
enum health_agent {
	HEALTH_AGENT_UNKNOWN, /* not heard yet, or it has said goodbye, or it does not count */
	HEALTH_AGENT_HEARD,
	HEALTH_AGENT_ALONE,   /* heard: nobody listens any more */
	HEALTH_AGENT_SILENT,  /* was heard, and is not any more */
};

/* That is how it is now; to be said before each probe's end. True: `up` has changed, to down. */
bool health_agent(struct health *health, const struct health_rules *rules, enum health_agent agent,
		  uint64_t now_us);

/*
 * From the beginning of one probe to that of the next. `random` is any number; it spreads the probes
 * of many backends, and only ever brings one forward.
 */
uint64_t health_wait_us(const struct health *health, const struct health_rules *rules,
			uint32_t random);

/*
 * Which members are open, of those that the operator opened: `open` has `n` entries and is changed.
 * All down at once may be true, or it may be us who are cut off: `trust_all` is the operator's answer.
 */
void health_open(const bool *up, size_t n, bool trust_all, bool *open);

const char *health_reason_text(enum health_reason reason);
