/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kinds of checks share: see checks.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "io/checks.h"

/* Behind what has been received: an answer that waited while the loop was busy did come in time. */
#define CHECK_LATE_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)
#define CHECK_ACCURACY_US 1000

struct checks {
	sd_event *event;
	struct transfers *transfers; /* of HTTP; NULL until the first is asked */
};

/* One way of asking. */
struct check_method {
	/* Allocates and forgets what it needs for one check. */
	int (*prepare)(struct check *check);
	void (*release)(struct check *check);
	/* Begins; ends it with check_end, at once or later. */
	void (*ask)(struct check *check);
	/* Gives up, or tidies up behind an end. */
	void (*stop)(struct check *check);
};

extern const struct check_method check_tcp, check_dns, check_http;

struct check {
	struct checks *checks;
	const struct check_method *method;
	struct check_target target;
	check_done_fn done;
	void *userdata;
	sd_event_source *late; /* the timeout */
	bool asking;
	/* tcp and dns */
	int fd; /* -1: none */
	sd_event_source *io;
	uint8_t *query;
	size_t query_length;
	/* http */
	struct check_http *http;
};

/* It has ended: tidies up, then tells. `check` may be gone afterwards. */
void check_end(struct check *check, enum check_end end);

/* What an errno of connect(2) or recv(2) says. */
enum check_end check_end_of(int error);

/* A socket that is marked and bound as the target says, or a negative errno. */
int check_socket(const struct check_target *target, int type);
int check_mark_and_bind(int fd, const struct check_target *target);

socklen_t check_sockaddr(const union address *address, uint16_t port,
			 struct sockaddr_storage *ret);

/* A connected or connecting socket, watched for `events`. 0 or a negative errno. */
int check_connect(struct check *check, int type, uint32_t events, sd_event_io_handler_t handler);
void check_disconnect(struct check *check);
