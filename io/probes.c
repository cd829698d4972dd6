/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/probes.h"

#include <errno.h>

#include "base/cleanup.h"
#include "io/datagrams.h"

struct probes {
	struct datagrams *datagrams;
	probes_answer_fn answered;
	void *userdata;
};

static void on_message(const void *bytes, size_t size, const union address *from, void *userdata)
{
	struct probes *probes = userdata;
	const struct probe *answer = bytes;

	if (size == sizeof(*answer) && answer->magic == PROBE_MAGIC && answer->kind == PROBE_ANSWER)
		probes->answered(answer, from, probes->userdata);
}

int probes_new(sd_event *event, probes_answer_fn answered, void *userdata, struct probes **ret)
{
	struct probes *probes = calloc(1, sizeof(*probes));
	int r;

	if (!probes)
		return -ENOMEM;
	r = datagrams_new(event, PROBE_PROTOCOL, on_message, probes, &probes->datagrams);
	if (r < 0) {
		probes_free(probes);
		return r;
	}
	probes->answered = answered;
	probes->userdata = userdata;
	*ret = probes;
	return 0;
}

struct probes *probes_free(struct probes *probes)
{
	if (!probes)
		return NULL;
	datagrams_free(probes->datagrams);
	free(probes);
	return NULL;
}

void probes_take(struct probes *probes)
{
	datagrams_take(probes->datagrams);
}

int probes_bind(struct probes *probes, const struct prefix *infrastructure)
{
	return datagrams_bind(probes->datagrams, infrastructure);
}

int probes_ask(struct probes *probes, const union address *sid, uint64_t token,
	       uint64_t fingerprint)
{
	struct probe question = {
		.magic = PROBE_MAGIC,
		.kind = PROBE_QUESTION,
		.token = token,
		.fingerprint = fingerprint,
	};

	return datagrams_send(probes->datagrams, sid, &question, sizeof(question));
}
