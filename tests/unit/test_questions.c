/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two hosts that are one: both ends have the loopback's address, and hear what is sent to it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/questions.h"

#define PATIENCE_US 200000

static const struct siphash_key ours = {{1, 2}}, theirs = {{1, 3}};
static union address here;

static sd_event *event;
static struct questions *questions;
static struct whohas heard;
static int answers;

static void on_answer(const struct whohas *answer, void *userdata)
{
	heard = *answer;
	answers++;
}

static int begin(void **state)
{
	struct prefix loopback = {.base = here, .mask = {.words = {~0U, ~0U, ~0U, ~0U}}};

	answers = 0;
	return sd_event_new(&event) < 0 || questions_new(event, on_answer, NULL, &questions) < 0 ||
	       questions_bind(questions, &loopback, &ours) < 0;
}

static int end(void **state)
{
	questions = questions_free(questions);
	event = sd_event_unref(event);
	return 0;
}

/* Until something came, or nothing does. */
static void listen_for(uint64_t *forged)
{
	for (int i = 0; i < 10 && !answers && !*forged; i++) {
		sd_event_run(event, PATIENCE_US / 10);
		*forged = questions_forged(questions);
	}
}

static struct whohas answer_of(uint64_t token)
{
	return (struct whohas){.kind = WHOHAS_ANSWER, .answer = WHOHAS_MINE, .token = token};
}

static void an_answer_is_heard_as_it_was_said(void **state)
{
	uint64_t forged = 0;

	assert_int_equal(questions_send(questions, &here, answer_of(77)), 0);
	listen_for(&forged);
	assert_int_equal(answers, 1);
	assert_int_equal(heard.token, 77);
	assert_int_equal(heard.answer, WHOHAS_MINE);
	assert_int_equal(forged, 0);
}

static void without_the_key_nobody_is_heard(void **state)
{
	struct prefix loopback = {.base = here, .mask = {.words = {~0U, ~0U, ~0U, ~0U}}};
	struct questions *other;
	sd_event *elsewhere;
	uint64_t forged = 0;

	assert_true(sd_event_new(&elsewhere) >= 0);
	assert_int_equal(questions_new(elsewhere, on_answer, NULL, &other), 0);
	assert_int_equal(questions_bind(other, &loopback, &theirs), 0);
	assert_int_equal(questions_send(other, &here, answer_of(77)), 0);
	listen_for(&forged);
	assert_int_equal(answers, 0);
	assert_int_equal(forged, 1);
	questions_free(other);
	sd_event_unref(elsewhere);
}

static void a_question_is_no_answer(void **state)
{
	struct whohas question = answer_of(5);
	uint64_t forged = 0;

	question.kind = WHOHAS_QUESTION;
	assert_int_equal(questions_send(questions, &here, question), 0);
	listen_for(&forged);
	assert_int_equal(answers, 0);
	assert_int_equal(forged, 1);
}

static void nothing_is_sent_without_an_address_in_the_infrastructure(void **state)
{
	struct prefix elsewhere = {.base = {.bytes = {0x20, 1, 0xd, 0xb8}},
				   .mask = {.words = {~0U, ~0U, ~0U, ~0U}}};

	assert_int_equal(questions_bind(questions, &elsewhere, &ours), -EADDRNOTAVAIL);
	assert_int_equal(questions_send(questions, &here, answer_of(1)), -ENOTCONN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_is_heard_as_it_was_said, begin, end),
		cmocka_unit_test_setup_teardown(without_the_key_nobody_is_heard, begin, end),
		cmocka_unit_test_setup_teardown(a_question_is_no_answer, begin, end),
		cmocka_unit_test_setup_teardown(
			nothing_is_sent_without_an_address_in_the_infrastructure, begin, end),
	};

	here.bytes[15] = 1;
	if (geteuid() != 0) {
		printf("1..0 # SKIP raw sockets need root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
