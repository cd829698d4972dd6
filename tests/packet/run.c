/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "tests/packet/run.h"

#define POSSIBLE_CPUS_MAX 1024

struct counts {
	struct counter verdicts[VERDICTS_MAX];
};

static void counts_read(const struct subject *subject, struct counts *ret)
{
	static struct counter cpus[POSSIBLE_CPUS_MAX];
	int cpus_count = libbpf_num_possible_cpus();

	assert_in_range(cpus_count, 1, POSSIBLE_CPUS_MAX);
	memset(ret, 0, sizeof(*ret));
	for (__u32 verdict = 0; verdict < VERDICTS_MAX; verdict++) {
		assert_int_equal(bpf_map_lookup_elem(subject->counters, &verdict, cpus), 0);
		for (int cpu = 0; cpu < cpus_count; cpu++) {
			ret->verdicts[verdict].packets += cpus[cpu].packets;
			ret->verdicts[verdict].bytes += cpus[cpu].bytes;
		}
	}
}

/* The one verdict whose counter rose, by one packet of `size` bytes; -1: none or several did. */
static int counts_verdict(const struct counts *before, const struct counts *after, size_t size)
{
	int found = -1;

	for (int verdict = 0; verdict < VERDICTS_MAX; verdict++) {
		const struct counter *old = &before->verdicts[verdict];
		const struct counter *new = &after->verdicts[verdict];

		if (old->packets == new->packets && old->bytes == new->bytes)
			continue;
		if (found >= 0 || new->packets - old->packets != 1 ||
		    new->bytes - old->bytes != size)
			return -1;
		found = verdict;
	}
	return found;
}

static const char *verdict_name(const struct subject *subject, int verdict)
{
	if (verdict <= 0 || verdict >= subject->verdicts_end)
		return "no single verdict";
	return subject->verdicts[verdict].name;
}

static int action_of(const struct subject *subject, int verdict)
{
	switch (subject->verdicts[verdict].action) {
	case ACTION_PASS:
		return XDP_PASS;
	case ACTION_DROP:
		return XDP_DROP;
	case ACTION_SEND:
		return subject->send_action;
	case ACTION_NONE:
		break;
	}
	return XDP_ABORTED;
}

/* The kernel takes metadata as bytes in front of the packet, and gives them back there. */
static int program_run(const struct subject *subject, const struct frame *in, struct frame *ret_out,
		       int *ret_action)
{
	__u8 data[FRAME_MAX + 256] = {}, out[FRAME_MAX + 256];
	struct xdp_md context = {
		.data = subject->metadata,
		.data_end = subject->metadata + in->size,
		.ingress_ifindex = 0,
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = data,
		    .data_size_in = subject->metadata + in->size, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 1);

	if (subject->metadata) {
		options.ctx_in = &context;
		options.ctx_size_in = sizeof(context);
	}
	memcpy(data + subject->metadata, in->bytes, in->size);
	if (bpf_prog_test_run_opts(subject->program, &options))
		return -errno;
	ret_out->size = options.data_size_out - subject->metadata;
	assert_true(ret_out->size <= FRAME_MAX);
	memcpy(ret_out->bytes, out + subject->metadata, ret_out->size);
	*ret_action = options.retval;
	return 0;
}

bool subject_takes_metadata(const struct subject *subject)
{
	struct frame out, in = {.size = 64};
	int action;

	return program_run(subject, &in, &out, &action) != -EINVAL;
}

int subject_run(const struct subject *subject, const struct frame *in, struct frame *ret_out,
		const char *file, int line)
{
	struct counts before, after;
	int verdict, action = XDP_ABORTED, r;

	counts_read(subject, &before);
	r = program_run(subject, in, ret_out, &action);
	if (r < 0) {
		print_error("the kernel did not run the packet: %s\n", strerror(-r));
		_fail(file, line);
	}
	counts_read(subject, &after);
	verdict = counts_verdict(&before, &after, in->size);
	if (verdict <= 0 || verdict >= subject->verdicts_end) {
		print_error("not exactly one verdict's counter rose by one packet of %zu bytes\n",
			    in->size);
		_fail(file, line);
	}
	if (action != action_of(subject, verdict)) {
		print_error("%s did %d, wanted %d\n", verdict_name(subject, verdict), action,
			    action_of(subject, verdict));
		_fail(file, line);
	}
	return verdict;
}

void subject_check(const struct subject *subject, const struct frame *in, int verdict,
		   const struct frame *out, const char *file, int line)
{
	struct frame got;
	int got_verdict = subject_run(subject, in, &got, file, line);

	if (got_verdict != verdict) {
		print_error("verdict %s, wanted %s\n", verdict_name(subject, got_verdict),
			    verdict_name(subject, verdict));
		_fail(file, line);
	}
	assert_true((out->size == 0) == (subject->verdicts[verdict].action == ACTION_DROP));
	if (out->size > FRAME_MAX)
		frame_check(&got, in, file, line);
	else if (out->size)
		frame_check(&got, out, file, line);
}

struct frame buffer_run(int program, const struct frame *in, int action)
{
	struct frame out;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in->bytes, .data_size_in = in->size,
		    .data_out = out.bytes, .data_size_out = sizeof(out.bytes), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(program, &options), 0);
	assert_int_equal((int)options.retval, action);
	out.size = options.data_size_out;
	return out;
}

bool tests_possible(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 8, 1, &options);

	if (map < 0) {
		printf("1..0 # SKIP loading BPF programs is not permitted here: %s\n",
		       strerror(errno));
		return false;
	}
	close(map);
	if (unshare(CLONE_NEWNET)) {
		printf("1..0 # SKIP a network namespace is not permitted here: %s\n",
		       strerror(errno));
		return false;
	}
	return true;
}
