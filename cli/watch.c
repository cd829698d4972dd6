/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/watch.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

int watch_steps(unsigned int pause_ms, unsigned int count, watch_step_fn step, void *userdata)
{
	const struct timespec pause = {
		.tv_sec = pause_ms / 1000,
		.tv_nsec = pause_ms % 1000 * 1000000L,
	};
	sigset_t ends;
	int r = 0;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	for (unsigned int i = 0; r == 0 && (!count || i < count); i++) {
		if (sigtimedwait(&ends, NULL, &pause) >= 0)
			break;
		if (errno == EINTR) { /* stopped and continued */
			i--;
			continue;
		}
		r = step(userdata);
	}
	return r < 0 ? r : 0;
}
