/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The client: a crowd of connections to one address and port. crowd.c opens them and counts,
 * connection.c is the life of one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lab/load/channel.h"
#include "lab/load/control.h"
#include "lab/load/faults.h"
#include "lab/load/loop.h"
#include "lab/load/options.h"

struct crowd_settings {
	const char *to, *from, *control;
	uint32_t connections, rate; /* at once; new ones in a second */
	uint32_t interval_ms;	    /* from an answer to the next request */
	uint32_t bytes, wanted;	    /* of stream in each request, and in each answer */
	uint32_t stall_ms;	    /* what is due for so long is a fault */
	uint32_t exchanges;	    /* then it closes, and another takes its place; 0: it lasts */
	uint32_t greeting_ms;	    /* the server speaks first, so long after the handshake */
	struct ports ports;	    /* of ours, in turn; none: the kernel chooses */
	bool server_closes, mptcp;
};

extern const struct option_row crowd_options[];

struct crowd {
	struct crowd_settings settings;
	struct loop loop;
	struct control control;
	struct endpoint to, from; /* `from` without a port */
	struct connection *connections;

	uint64_t begun_ms;	  /* when the budget of new connections began */
	uint64_t attempts, begun; /* of the budget: used up, begun indeed */
	uint32_t next_port;
	bool finishing; /* no new connections any more */

	bool paused;	   /* nobody asks ... */
	uint32_t delay_ms; /* ... but for a last time each, for an answer so late, if this is not 0
			    */

	uint32_t plant; /* enum message_asks of the next `plants` requests */
	uint32_t plants;

	uint64_t mark_ms; /* since when the next two count, from 1 on */
	uint64_t longest_ms, answered;

	struct tally tally;
	uint64_t opened, finished, broken, no_port, exchanges;
	uint64_t sent, received; /* bytes of the connections that are gone */
};

enum connection_state {
	CONNECTION_FREE,
	CONNECTION_OPENING,
	CONNECTION_WAITING, /* for an answer, or a greeting */
	CONNECTION_RESTING,
	CONNECTION_CLOSING, /* for the server's end */
	CONNECTION_GONE,
};

struct connection {
	struct watch watch;
	struct crowd *crowd;
	struct channel channel;
	struct endpoint here;
	enum connection_state state;
	char name[MESSAGE_NAME_MAX]; /* of the server; empty until it said so */
	uint64_t turn_ms;	     /* resting: when the next request is due */
	uint64_t due_ms;	     /* else: when what it waits for is due */
	uint64_t asked_ms;	     /* when the last request went out */
	uint64_t exchanges;
	uint64_t counted_ms; /* the mark since which an answer of it was counted */
	bool stalled;	     /* what it waits for now was told as a stall */
	bool faulty;	     /* it had a fault */
	bool hushed;	     /* has asked for the last time before a pause */
	bool leaving;	     /* its next request is to be the last */
	bool last;	     /* it has made its last request */
};

/* 0, or -EADDRNOTAVAIL: the port is in use still. What goes wrong else is a fault of the
 * connection. */
int connection_open(struct connection *connection, struct crowd *crowd, uint64_t now);

/* Whatever is due by now. */
void connection_tick(struct connection *connection, uint64_t now);

static inline bool connection_is_live(const struct connection *connection)
{
	return connection->state >= CONNECTION_WAITING && connection->state <= CONNECTION_CLOSING;
}

/* Runs until it is told to stop. An exit status. */
int talk(int argc, char **argv);

/* What it can be told: report.c. */
extern const struct control_verb crowd_verbs[];
