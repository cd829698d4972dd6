/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The event loop of the load program: sockets by epoll, and a tick for everything that waits for a
 * time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <sys/epoll.h>

#define LOOP_TICK_MS 20

struct watch {
	int fd;
	uint32_t events;
	void (*ready)(struct watch *watch, uint32_t events);
};

struct loop {
	int epoll;
	bool over;
	uint64_t late_ms; /* the longest time beyond a tick that this process had to wait for the
			     CPU */
};

int loop_init(struct loop *loop);

/* 0 or negative errno. The watch lives until loop_drop, which is needless for a socket that is
 * closed. */
int loop_add(struct loop *loop, struct watch *watch, uint32_t events);
int loop_change(struct loop *loop, struct watch *watch, uint32_t events);

/* Calls `tick` after the events of every round, so that a time is up only for what has not come. */
int loop_run(struct loop *loop, void (*tick)(void *data, uint64_t now_ms), void *data);

uint64_t now_ms(void);

#define container_of(pointer, type, member)                                                        \
	((type *)((char *)(pointer) - __builtin_offsetof(type, member)))
