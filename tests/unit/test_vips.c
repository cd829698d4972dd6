/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/vips.h"
#include "tests/unit/planned.h"

#define WEB SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {}, b3: {}")

static const struct vip_slot *slot_of(const struct fixture *fixture, const char *vip)
{
	union address address = address_of(vip);
	const struct vip_slot *slot = &fixture->tables.vips[vip_slot_of(&address)];

	assert_true(address_equal(&slot->address, &address));
	return slot;
}

static void a_vips_first_services_stand_in_its_slot(void **state)
{
	const struct fixture *fixture = *state;
	const struct vip_slot *slot;
	const struct interval *list;

	put(fixture, "g1", FLEET WEB SERVICE("tls", "198.51.100.80", "443-445", "b2: {}"));
	slot = slot_of(fixture, "198.51.100.80");
	list = &fixture->tables.intervals[slot->intervals >> 16];
	assert_int_equal(slot->intervals & 0xffff, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(slot->near[i].first, list[i].first);
		assert_int_equal(slot->near[i].more, i == 0 ? 0 : 2);
		assert_int_equal(slot->near[i].service, list[i].service);
	}
	for (int i = 2; i < VIP_INTERVALS; i++)
		assert_int_equal(slot->near[i].first, VIP_INTERVAL_NONE);
	put(fixture, "g1", FLEET WEB);
	assert_int_equal(slot->near[1].first, VIP_INTERVAL_NONE);
}

/* VIPs 198.51.100.1 and on, `step` apart, of one service. */
static void put_vips(const struct fixture *fixture, int n, int step)
{
	size_t size = 256 << 10;
	char *text = malloc(size);
	size_t used = snprintf(text, size, "%s", FLEET "  web: {protocol: tcp, ports: 80, "
						       "backends: {b1: {}}, vips: [");

	for (int i = 0; i < n; i += step)
		used += snprintf(text + used, size - used, "%s198.51.%d.%d", i ? ", " : "",
				 100 + i / 250, i % 250 + 1);
	snprintf(text + used, size - used, "]}\n");
	put(fixture, "g1", text);
	free(text);
}

static bool has(const struct fixture *fixture, int i)
{
	char vip[64];

	snprintf(vip, sizeof(vip), "198.51.%d.%d", 100 + i / 250, i % 250 + 1);
	return word_of(fixture, vip);
}

static void a_thousand_vips_find_their_places(void **state)
{
	const struct fixture *fixture = *state;

	put_vips(fixture, 1000, 1);
	for (int i = 0; i < 1000; i++)
		assert_true(has(fixture, i));
}

static void vips_that_go_leave_the_others_where_they_are_found(void **state)
{
	const struct fixture *fixture = *state;

	put_vips(fixture, 1000, 1);
	put_vips(fixture, 1000, 3);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(has(fixture, i), i % 3 == 0);
	put_vips(fixture, 1000, 1);
	for (int i = 0; i < 1000; i++)
		assert_true(has(fixture, i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_vips_first_services_stand_in_its_slot),
		FIXTURE_TEST(a_thousand_vips_find_their_places),
		FIXTURE_TEST(vips_that_go_leave_the_others_where_they_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
