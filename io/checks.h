/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions to a service, to find out whether it can be given to clients: a TCP connection, an HTTP or
 * HTTPS page, a DNS record. Thousands of them on one event loop; each is asked again and again, once
 * at a time. When to ask, and what to make of the end, is the caller's.
 *
 * All sockets of a question carry its mark, by which the host's rules route it (io/probe_routes.h),
 * and nothing is left behind: a connection for `tcp` is reset before its handshake is complete, so
 * that the application never sees it, and no side keeps it in TIME_WAIT.
 */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "wire/address.h"

enum check_kind {
	CHECK_TCP,
	CHECK_HTTP,
	CHECK_HTTPS,
	CHECK_DNS,
};

enum check_end {
	CHECK_PASSED,
	CHECK_REFUSED,	   /* reset, or ICMP port unreachable */
	CHECK_TIMEOUT,
	CHECK_UNREACHABLE, /* no way there */
	CHECK_WRONG,	   /* an answer, but not the one that is wanted */
	CHECK_INSECURE,	   /* TLS came to nothing */
	CHECK_UNABLE,	   /* we could not ask: no address to ask from, no memory. Says nothing */
};

/* The texts are copied. */
struct check_target {
	enum check_kind kind;
	union address address;
	union address source; /* all zero: the host's choice */
	uint16_t port;
	uint32_t mark;	      /* 0: none */
	uint64_t timeout_us;
	/* http and https */
	const char *path;     /* "/..." */
	const char *host;     /* NULL: the address */
	const char *body;     /* NULL: any */
	uint32_t status;
	/* dns */
	const char *name;
};

struct checks;
struct check;

/* How it ended. May be called from within check_begin. It may begin or free this check and others. */
typedef void (*check_done_fn)(struct check *check, enum check_end end, void *userdata);

int checks_new(sd_event *event, struct checks **ret);

/* After all of its checks. */
struct checks *checks_free(struct checks *checks);

/* 0; -EINVAL: a name that DNS cannot carry; -ENOMEM. */
int check_new(struct checks *checks, const struct check_target *target, check_done_fn done,
	      void *userdata, struct check **ret);
struct check *check_free(struct check *check);

/* Asks; one that is under way is given up without a word. */
void check_begin(struct check *check);
