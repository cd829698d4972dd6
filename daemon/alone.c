/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/alone.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "daemon/pins.h"
#include "io/control.h"

int alone_ask(const struct daemon_options *options)
{
	if (!control_answers(options->socket))
		return 0;
	log_error("%s: a daemon runs and answers there, nothing is changed: stop it first", options->socket);
	return -EBUSY;
}

int alone_lock(const struct daemon_options *options, int *ret)
{
	int r = alone_ask(options);

	if (r < 0)
		return r;
	r = pins_lock(options->bpffs);
	if (r < 0 && r != -ENOENT) {
		if (r != -EBUSY)
			log_error("%s: cannot be locked: %s%s", options->bpffs, strerror(-r), pins_hint(r));
		return r;
	}
	*ret = r < 0 ? -1 : r;
	return 0;
}
