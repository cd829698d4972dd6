/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab/load/loop.h"

#include <errno.h>
#include <time.h>

#define EVENTS_MAX 256

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

int loop_init(struct loop *loop)
{
	*loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	return loop->epoll < 0 ? -errno : 0;
}

static int control(struct loop *loop, int operation, struct watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	watch->events = events;
	return epoll_ctl(loop->epoll, operation, watch->fd, &event) < 0 ? -errno : 0;
}

int loop_add(struct loop *loop, struct watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, watch, events);
}

int loop_change(struct loop *loop, struct watch *watch, uint32_t events)
{
	return watch->events == events ? 0 : control(loop, EPOLL_CTL_MOD, watch, events);
}

int loop_run(struct loop *loop, void (*tick)(void *data, uint64_t now_ms), void *data)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t next = now_ms();

	while (!loop->over) {
		uint64_t now = now_ms();
		int n = epoll_wait(loop->epoll, events, EVENTS_MAX, next > now ? next - now : 0);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			struct watch *watch = events[i].data.ptr;

			watch->ready(watch, events[i].events);
		}
		now = now_ms();
		if (now < next)
			continue;
		if (now - next > loop->late_ms)
			loop->late_ms = now - next;
		tick(data, now);
		next = now + LOOP_TICK_MS;
	}
	return 0;
}
