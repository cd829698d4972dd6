/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The probe of holdfast doctor (wire/probe.h): whom the agent answers, and what. */
#include <arpa/inet.h>
#include <endian.h>
#include <string.h>
#include <time.h>

#include "tests/packet/agent_world.h"
#include "tests/packet/packets.h"
#include "wire/probe.h"

#define PROBE_SID "fdf0:0:0:b1:f00e::"
#define ASKER "fdf0:0:0:1::9"
#define OUTSIDER "2001:db8:c::7"

#define QUESTION(source, ...)                                                                      \
	FRAME(FROM_FABRIC,                                                                         \
	      IPV6(.from = (source), .to = PROBE_SID, .next = PROBE_PROTOCOL, .label = 0x12345),   \
	      __VA_ARGS__)

static struct probe question_of(uint64_t fingerprint)
{
	return (struct probe){.magic = PROBE_MAGIC,
			      .kind = PROBE_QUESTION,
			      .token = 0xfeedfacecafebeef,
			      .fingerprint = fingerprint};
}

static int64_t tai_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_TAI, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Asks with `padding` bytes behind the question, and wants exactly our answer back. */
static void is_answered(const char *asker, uint64_t fingerprint, size_t padding)
{
	struct probe question = question_of(fingerprint), answer = question;
	struct frame in = QUESTION(asker, BYTES(&question, sizeof(question)), PAYLOAD(padding));
	struct frame out, wanted;
	size_t at = in.size - padding - sizeof(question) + offsetof(struct probe, tai_ns);
	int64_t before = tai_ns();

	assert_int_equal(agent_run(&in, &out, __FILE__, __LINE__), AGENT_PROBED);
	assert_int_equal(out.size, in.size);
	memcpy(&answer.tai_ns, out.bytes + at, sizeof(answer.tai_ns));
	assert_in_range(be64toh(answer.tai_ns), before, tai_ns());
	answer.kind = PROBE_ANSWER;
	answer.layout = htons(LAYOUT_VERSION);
	answer.fingerprint = FINGERPRINT;
	answer.infrastructure = prefix_of(INFRASTRUCTURE, INFRASTRUCTURE_BITS);
	wanted = FRAME(
		TO_FABRIC,
		IPV6(.from = PROBE_SID, .to = asker, .next = PROBE_PROTOCOL, .label = 0x12345),
		BYTES(&answer, sizeof(answer)), PAYLOAD(padding));
	frame_check(&out, &wanted, __FILE__, __LINE__);
}

static void a_question_from_the_infrastructure_is_answered(void **state)
{
	is_answered(ASKER, FINGERPRINT, 0);
}

static void another_secret_is_told_ours_apart_from_its_own(void **state)
{
	is_answered(ASKER, 7, 0);
}

static void the_answer_is_as_long_as_the_question(void **state)
{
	is_answered(ASKER, FINGERPRINT, 1500 - 40 - sizeof(struct probe));
}

static void who_knows_the_secret_is_answered_from_outside_the_prefix(void **state)
{
	is_answered(OUTSIDER, FINGERPRINT, 0);
}

static void who_does_not_know_it_is_not(void **state)
{
	struct probe question = question_of(7);

	through_agent(QUESTION(OUTSIDER, BYTES(&question, sizeof(question))), AGENT_OUTSIDE_SID,
		      NOTHING);
	through_agent(QUESTION(OUTSIDER, PAYLOAD(20)), AGENT_OUTSIDE_SID, NOTHING);
}

static void an_answer_is_not_answered(void **state)
{
	struct probe answer = question_of(FINGERPRINT);

	answer.kind = PROBE_ANSWER;
	through_agent(QUESTION(ASKER, BYTES(&answer, sizeof(answer))), AGENT_MALFORMED, NOTHING);
}

static void what_is_no_probe_is_dropped(void **state)
{
	struct probe question = question_of(FINGERPRINT);

	through_agent(QUESTION(ASKER, PAYLOAD(64)), AGENT_MALFORMED, NOTHING);
	through_agent(QUESTION(ASKER, BYTES(&question, sizeof(question) - 1)), AGENT_MALFORMED,
		      NOTHING);
	through_agent(FRAME(FROM_FABRIC, IPV6(.from = ASKER, .to = PROBE_SID, .next = 59),
			    BYTES(&question, sizeof(question))),
		      AGENT_MALFORMED, NOTHING);
}

static void the_probe_sid_of_another_backend_is_left_to_the_host(void **state)
{
	struct probe question = question_of(FINGERPRINT);

	through_agent(FRAME(FROM_FABRIC,
			    IPV6(.from = ASKER, .to = "fdf0:0:0:b2:f00e::", .next = PROBE_PROTOCOL),
			    BYTES(&question, sizeof(question))),
		      AGENT_NOT_OURS, UNCHANGED);
}

AGENT_TESTS(ONCE(a_question_from_the_infrastructure_is_answered),
	    ONCE(another_secret_is_told_ours_apart_from_its_own),
	    ONCE(the_answer_is_as_long_as_the_question),
	    ONCE(who_knows_the_secret_is_answered_from_outside_the_prefix),
	    ONCE(who_does_not_know_it_is_not), ONCE(an_answer_is_not_answered),
	    ONCE(what_is_no_probe_is_dropped),
	    ONCE(the_probe_sid_of_another_backend_is_left_to_the_host))
