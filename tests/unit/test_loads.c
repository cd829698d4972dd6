/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* core/load: agents that say what they have to say, by a clock that the test moves. */
#include <endian.h>

#include "core/load.h"
#include "tests/unit/planned.h"

#define MS UINT64_C(1000)
#define SECOND (1000 * MS)
#define INTERVAL_MS 100
#define BOOT UINT64_C(1700000000000000000)

static const char two_sites[] =
	"infrastructure: fd48::/32\n"
	"secret: s\n"
	"sites: {ams: {locator: \"fd48:0:0:1::/64\"}, fra: {locator: \"fd48:0:0:2::/64\"}}\n"
	"gateways: {g1: {site: ams, locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}}\n"
	"backends:\n"
	"  b1: {site: ams, id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}\n"
	"  b2: {site: ams, id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}\n"
	"  b3: {site: fra, id: 3, locator: \"fd48:0:0:203::/64\", interfaces: [eth0]}\n"
	"  b4: {site: fra, id: 4, locator: \"fd48:0:0:204::/64\", agent: false}\n"
	"services:\n" SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {}, b3: {}")
		SERVICE("alt", "198.51.100.80", "81", "b2: {}")
			SERVICE("plain", "198.51.100.81", "80", "b4: {}");

static struct config *config;
static struct load *load;
static uint64_t now_us;

static int begin(void **state)
{
	config = config_of(two_sites);
	now_us = 7 * SECOND;
	return load_new(config, NULL, &load);
}

static int end(void **state)
{
	load = load_free(load);
	config = config_free(config);
	return 0;
}

static const struct config_service *service_of(const char *name)
{
	for (size_t i = 0; i < config->n_services; i++)
		if (!strcmp(config->services[i].name, name))
			return &config->services[i];
	fail_msg("no service %s", name);
	return NULL;
}

static struct heartbeat heartbeat_of(uint16_t id, uint64_t boot, uint64_t sequence)
{
	return (struct heartbeat){
		.magic = HEARTBEAT_MAGIC,
		.version = HEARTBEAT_VERSION,
		.backend = htobe16(id),
		.boot = htobe64(boot),
		.sequence = htobe64(sequence),
		.interval_ms = htobe32(INTERVAL_MS),
	};
}

static void tell_of(struct heartbeat *message, const char *service, uint32_t connections,
		    uint64_t opened)
{
	message->entries[message->count++] = (struct heartbeat_entry){
		.service = htobe64(load_service(service)),
		.connections = htobe32(connections),
		.opened = htobe64(opened),
		.flags = htobe16(HEARTBEAT_CONNECTIONS | HEARTBEAT_OPENED),
	};
}

static enum load_taken hear(const struct heartbeat *message)
{
	uint16_t id;

	return load_take(load, message, HEARTBEAT_BYTES(message->count), now_us, &id);
}

/* One of b1's, about web. */
static enum load_taken beat(uint64_t sequence, uint32_t connections, uint64_t opened)
{
	struct heartbeat message = heartbeat_of(1, BOOT, sequence);

	tell_of(&message, "web", connections, opened);
	return hear(&message);
}

static enum load_state state_of(uint16_t id)
{
	return load_of_host(load, id, now_us).state;
}

static struct load_figures web_on_b1(void)
{
	struct load_figures figures = {};

	assert_true(load_of_backend(load, service_of("web"), 1, now_us, &figures));
	return figures;
}

static bool is_near(double value, double wanted)
{
	return value > wanted * 0.98 && value < wanted * 1.02;
}

static void a_heartbeat_brings_its_services_figures(void **state)
{
	struct heartbeat message = heartbeat_of(2, BOOT, 1);
	struct load_figures figures;

	tell_of(&message, "web", 12, 0);
	tell_of(&message, "alt", 34, 0);
	message.cpu = htobe16(250);
	message.entries[1].queue = htobe16(990);
	assert_int_equal(hear(&message), LOAD_TAKEN);
	assert_true(load_of_backend(load, service_of("alt"), 2, now_us, &figures));
	assert_int_equal(figures.connections, 34);
	assert_int_equal(figures.queue, 990);
	assert_int_equal(figures.cpu, 250);
	assert_true(load_of_backend(load, service_of("web"), 2, now_us, &figures));
	assert_int_equal(figures.connections, 12);
	assert_int_equal(figures.known, HEARTBEAT_CONNECTIONS | HEARTBEAT_OPENED);
}

static void who_was_never_heard_has_no_figures_and_is_never_silent(void **state)
{
	struct load_figures figures;

	now_us += 1000 * SECOND;
	assert_int_equal(state_of(1), LOAD_NEVER);
	assert_false(load_of_backend(load, service_of("web"), 1, now_us, &figures));
	assert_false(load_of_site(load, service_of("web"), &config->sites[0], now_us, &figures));
}

static void a_heartbeat_counts_once(void **state)
{
	assert_int_equal(beat(1, 1, 0), LOAD_TAKEN);
	assert_int_equal(beat(1, 2, 0), LOAD_REPLAYED);
	assert_int_equal(beat(2, 3, 0), LOAD_TAKEN);
	assert_int_equal(beat(1, 4, 0), LOAD_REPLAYED);
	assert_int_equal(web_on_b1().connections, 3);
}

static void what_was_recorded_keeps_nobody_alive(void **state)
{
	beat(5, 1, 0);
	now_us += SECOND;
	assert_int_equal(beat(5, 1, 0), LOAD_REPLAYED);
	assert_int_equal(state_of(1), LOAD_SILENT);
}

static void an_agent_that_starts_again_begins_with_one_and_is_heard(void **state)
{
	struct heartbeat again = heartbeat_of(1, BOOT + 1, 1), former = heartbeat_of(1, BOOT, 1000);

	beat(999, 1, 0);
	assert_int_equal(hear(&again), LOAD_TAKEN);
	assert_int_equal(hear(&former), LOAD_REPLAYED);
}

static void what_is_no_heartbeat_of_ours_is_told_apart(void **state)
{
	struct heartbeat message = heartbeat_of(1, BOOT, 1);
	uint16_t id;

	assert_int_equal(load_take(load, &message, 39, now_us, &id), LOAD_MALFORMED);
	assert_int_equal(load_take(load, &message, HEARTBEAT_BYTES(1), now_us, &id), LOAD_MALFORMED);
	message.count = 200;
	assert_int_equal(load_take(load, &message, sizeof(message), now_us, &id), LOAD_MALFORMED);
	message.count = 0;
	message.version++;
	assert_int_equal(hear(&message), LOAD_VERSION);
	message.version--;
	message.magic++;
	assert_int_equal(hear(&message), LOAD_MALFORMED);
	message.magic--;
	message.backend = htobe16(4); /* it has no agent */
	assert_int_equal(hear(&message), LOAD_STRANGER);
	message.backend = htobe16(BACKENDS_MAX);
	assert_int_equal(hear(&message), LOAD_STRANGER);
	message.backend = htobe16(1);
	assert_int_equal(hear(&message), LOAD_TAKEN);
}

static void a_service_that_we_do_not_have_is_passed_over(void **state)
{
	struct heartbeat message = heartbeat_of(1, BOOT, 1);

	tell_of(&message, "new", 7, 0);
	tell_of(&message, "alt", 8, 0); /* b1 is no member of it */
	tell_of(&message, "web", 9, 0);
	assert_int_equal(hear(&message), LOAD_TAKEN);
	assert_int_equal(web_on_b1().connections, 9);
}

static void silence_is_three_intervals_by_what_the_agent_said(void **state)
{
	struct heartbeat slow = heartbeat_of(2, BOOT, 1);

	slow.interval_ms = htobe32(1000);
	beat(1, 0, 0);
	hear(&slow);
	now_us += 201 * MS;
	assert_int_equal(state_of(1), LOAD_LATE);
	now_us += 100 * MS;
	assert_int_equal(state_of(1), LOAD_SILENT);
	assert_int_equal(state_of(2), LOAD_ALIVE);
	now_us += 2700 * MS;
	assert_int_equal(state_of(2), LOAD_SILENT);
	assert_int_equal(web_on_b1().silent, 1);
	beat(2, 0, 0);
	assert_int_equal(state_of(1), LOAD_ALIVE);
}

static void a_turn_of_a_busy_host_is_no_silence(void **state)
{
	struct heartbeat quick = heartbeat_of(1, BOOT, 1);

	quick.interval_ms = htobe32(10);
	hear(&quick);
	now_us += 200 * MS;
	assert_int_equal(state_of(1), LOAD_LATE);
}

/* As the tick of a gateway's daemon does, for so long. */
static void look_for(uint64_t us)
{
	for (uint64_t end = now_us + us; now_us < end; now_us += LOAD_LOOK_US)
		load_look(load, now_us);
}

static void who_was_stalled_himself_misses_nobody_at_once(void **state)
{
	struct load_figures figures;

	beat(1, 0, 0);
	look_for(250 * MS);
	assert_int_equal(state_of(1), LOAD_LATE);
	now_us += SECOND; /* the machine slept, and what was sent meanwhile is lost */
	load_look(load, now_us);
	assert_int_equal(state_of(1), LOAD_LATE);
	assert_true(load_of_backend(load, service_of("web"), 1, now_us, &figures));
	assert_int_equal(figures.silent, 0);
	look_for(250 * MS);
	assert_int_equal(state_of(1), LOAD_LATE);
	look_for(100 * MS);
	assert_int_equal(state_of(1), LOAD_SILENT);
}

static void who_looks_in_time_misses_in_time(void **state)
{
	beat(1, 0, 0);
	look_for(350 * MS);
	assert_int_equal(state_of(1), LOAD_SILENT);
}

static void a_gateway_tells_by_how_much_it_was_late_in_all(void **state)
{
	look_for(SECOND);
	assert_int_equal(load_late_us(load), 0);
	now_us += 8 * MS;
	load_look(load, now_us);
	assert_int_equal(load_late_us(load), 0);
	now_us += LOAD_LOOK_US + 80 * MS;
	load_look(load, now_us);
	now_us += LOAD_LOOK_US + 20 * MS;
	load_look(load, now_us);
	assert_int_equal(load_late_us(load), 100 * MS);
}

/* Bytes of every kind, which only need to be authentic. */
static void whatever_an_agent_says_is_taken_or_refused(void **state)
{
	struct heartbeat message;
	int taken = 0;
	uint16_t id;

	srand(1);
	for (int i = 0; i < 100000; i++) {
		size_t size = rand() % (sizeof(message) + 1);

		for (size_t j = 0; j < size; j++)
			((uint8_t *)&message)[j] = rand();
		message.magic = HEARTBEAT_MAGIC;
		message.version = HEARTBEAT_VERSION;
		message.backend = htobe16(rand() % 5);
		if (rand() % 2)
			message.count = size > HEARTBEAT_BYTES(0) ? (size - HEARTBEAT_BYTES(0)) / 32 : 0;
		now_us += rand() % 1000;
		taken += load_take(load, &message, size / 8 * 8, now_us, &id) == LOAD_TAKEN;
		assert_true(id < 5);
		assert_true(load_of_host(load, 1, now_us).state <= LOAD_LEFT);
	}
	assert_true(taken > 0);
}

static void who_stops_in_order_is_not_missed(void **state)
{
	struct heartbeat last = heartbeat_of(1, BOOT, 2);

	beat(1, 0, 0);
	last.flags = htobe16(HEARTBEAT_LEAVES);
	hear(&last);
	now_us += 10 * SECOND;
	assert_int_equal(state_of(1), LOAD_LEFT);
	assert_int_equal(beat(3, 0, 0), LOAD_TAKEN);
	assert_int_equal(state_of(1), LOAD_ALIVE);
}

static void a_rate_is_what_was_counted_by_the_time_it_took(void **state)
{
	for (int i = 1; i <= 20; i++) {
		beat(i, 0, 1000000 + i * 50);
		now_us += 100 * MS;
		if (i > 1)
			assert_true(is_near(web_on_b1().opened_per_s, 500));
	}
}

static void lost_and_bunched_heartbeats_leave_the_rate_what_it_is(void **state)
{
	static const int bunch[] = {1, 2, 3, 9, 10, 11, 12, 13, 30, 31};

	for (size_t i = 0; i < sizeof(bunch) / sizeof(*bunch); i++) {
		now_us = 7 * SECOND + bunch[i] * 100 * MS;
		beat(bunch[i], 0, bunch[i] * 50);
	}
	assert_true(is_near(web_on_b1().opened_per_s, 500));
	assert_int_equal(beat(32, 0, 32 * 50), LOAD_TAKEN); /* in the same moment */
	assert_true(web_on_b1().opened_per_s < 600);
}

static void a_rate_follows_a_change_within_seconds(void **state)
{
	int i = 1;

	for (; i <= 50; i++, now_us += 100 * MS)
		beat(i, 0, i * 10);
	for (int k = 1; k <= 50; k++, now_us += 100 * MS)
		beat(i++, 0, 50 * 10 + k * 100);
	assert_true(is_near(web_on_b1().opened_per_s, 1000));
}

static void a_lap_tells_of_what_came_in_it_alone(void **state)
{
	int count = 0, i = 1;

	beat(i++, 0, 0);
	for (int lap = 1; lap <= 3; lap++) {
		for (int k = 0; k < 10; k++) {
			now_us += k == 5 ? 0 : k == 6 ? 200 * MS : 100 * MS; /* two at once, then a gap */
			beat(i++, 0, count += 10 * lap);
		}
		load_lap(load);
		assert_true(is_near(web_on_b1().lap_per_s, 100 * lap));
	}
	load_lap(load); /* nothing was heard in it */
	assert_true(is_near(web_on_b1().lap_per_s, 300));
}

static void a_counter_that_begins_anew_counts_from_zero(void **state)
{
	struct heartbeat again = heartbeat_of(1, BOOT + 1, 1);
	double before;

	for (int i = 1; i <= 30; i++, now_us += 100 * MS)
		beat(i, 0, 1000000 + i * 50);
	before = web_on_b1().opened_per_s;
	tell_of(&again, "web", 0, 50);
	hear(&again);
	assert_true(is_near(web_on_b1().opened_per_s, before));
}

static void a_site_is_the_sum_of_its_members_that_were_heard(void **state)
{
	struct heartbeat message = heartbeat_of(3, BOOT, 1);
	struct load_figures here, there;

	beat(1, 20, 0);
	tell_of(&message, "web", 300, 0);
	message.cpu = htobe16(400);
	hear(&message);
	assert_true(load_of_site(load, service_of("web"), &config->sites[0], now_us, &here));
	assert_true(load_of_site(load, service_of("web"), &config->sites[1], now_us, &there));
	assert_int_equal(here.connections, 20);
	assert_int_equal(here.heard, 1);
	assert_int_equal(here.members, 2);
	assert_int_equal(there.connections, 300);
	assert_int_equal(there.cpu, 400);
	message = heartbeat_of(2, BOOT, 1);
	tell_of(&message, "web", 5, 0);
	message.entries[0].flags = htobe16(HEARTBEAT_CONNECTIONS);
	hear(&message);
	assert_true(load_of_site(load, service_of("web"), &config->sites[0], now_us, &here));
	assert_int_equal(here.connections, 25);
	assert_int_equal(here.heard, 2);
	assert_int_equal(here.known, HEARTBEAT_CONNECTIONS); /* not all tell of `opened` */
	now_us += SECOND;
	assert_true(load_of_site(load, service_of("web"), &config->sites[0], now_us, &here));
	assert_int_equal(here.silent, 2);
	assert_int_equal(here.connections, 25);
}

static void a_configuration_that_is_read_again_forgets_nobody(void **state)
{
	struct config *former = config;
	struct load *before = load;

	beat(7, 11, 0);
	config = config_of(FLEET SERVICE("new", "198.51.100.82", "80", "b1: {}")
				   SERVICE("web", "198.51.100.80", "80", "b1: {}, b3: {}"));
	assert_int_equal(load_new(config, before, &load), 0);
	load_free(before);
	config_free(former);
	assert_int_equal(web_on_b1().connections, 11);
	assert_int_equal(state_of(1), LOAD_ALIVE);
	assert_int_equal(state_of(3), LOAD_NEVER);
	assert_int_equal(beat(7, 11, 0), LOAD_REPLAYED);
	assert_int_equal(beat(8, 12, 0), LOAD_TAKEN);
}

/* b1 to b3 have agents; what each says of epochs' bits. */
static void hear_marks(uint64_t sequence, uint16_t b1, uint16_t b2, uint16_t b3)
{
	const uint16_t flags[] = {b1, b2, b3};

	for (uint16_t i = 0; i < 3; i++) {
		struct heartbeat message = heartbeat_of(i + 1, BOOT, sequence);

		message.flags = htobe16(flags[i]);
		assert_int_equal(hear(&message), LOAD_TAKEN);
	}
}

static void carried_is(enum rests_carried zero, enum rests_carried one)
{
	enum rests_carried carried[COOKIE_EPOCHS];

	load_carried(load, now_us, carried);
	assert_int_equal(carried[0], zero);
	assert_int_equal(carried[1], one);
}

static void nobody_carries_an_epoch_when_all_agents_say_so(void **state)
{
	const uint16_t none = HEARTBEAT_MARKS, zero = HEARTBEAT_MARKS | HEARTBEAT_MARK_0;
	const uint16_t one = HEARTBEAT_MARKS | HEARTBEAT_MARK_1;

	carried_is(RESTS_UNKNOWN, RESTS_UNKNOWN);
	hear_marks(1, zero, zero, zero);
	carried_is(RESTS_SOMEBODY, RESTS_NOBODY);
	hear_marks(2, none, none, one);
	carried_is(RESTS_NOBODY, RESTS_SOMEBODY);
	hear_marks(3, none, 0, one); /* b2's does not know, or is of an earlier version */
	carried_is(RESTS_UNKNOWN, RESTS_SOMEBODY);
	hear_marks(4, none, none, one);
	now_us += 10 * SECOND; /* they are silent, and may have others by now */
	carried_is(RESTS_UNKNOWN, RESTS_SOMEBODY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_heartbeat_brings_its_services_figures),
		TEST(who_was_never_heard_has_no_figures_and_is_never_silent),
		TEST(a_heartbeat_counts_once),
		TEST(what_was_recorded_keeps_nobody_alive),
		TEST(an_agent_that_starts_again_begins_with_one_and_is_heard),
		TEST(what_is_no_heartbeat_of_ours_is_told_apart),
		TEST(a_service_that_we_do_not_have_is_passed_over),
		TEST(silence_is_three_intervals_by_what_the_agent_said),
		TEST(a_turn_of_a_busy_host_is_no_silence),
		TEST(who_was_stalled_himself_misses_nobody_at_once),
		TEST(who_looks_in_time_misses_in_time),
		TEST(a_gateway_tells_by_how_much_it_was_late_in_all),
		TEST(whatever_an_agent_says_is_taken_or_refused),
		TEST(who_stops_in_order_is_not_missed),
		TEST(a_rate_is_what_was_counted_by_the_time_it_took),
		TEST(lost_and_bunched_heartbeats_leave_the_rate_what_it_is),
		TEST(a_rate_follows_a_change_within_seconds),
		TEST(a_lap_tells_of_what_came_in_it_alone),
		TEST(a_counter_that_begins_anew_counts_from_zero),
		TEST(a_site_is_the_sum_of_its_members_that_were_heard),
		TEST(a_configuration_that_is_read_again_forgets_nobody),
		TEST(nobody_carries_an_epoch_when_all_agents_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
