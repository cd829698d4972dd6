/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/share.h"
#include "tests/unit/planned.h"
#include "wire/hash.h"

#define WEB(max, backends)                                                                         \
	"  web: {vips: [198.51.100.80], protocol: tcp, ports: 80, max-backends: " max              \
	", backends: {" backends "}}\n"

static double moved_between(const char *before, const char *after)
{
	struct planned a = plan_of("g1", before), b = plan_of("g1", after);
	struct share_nodes *left = share_nodes_new(a.plan->backends, a.plan->n_backends);
	struct share_nodes *right = share_nodes_new(b.plan->backends, b.plan->n_backends);
	const struct share_bank from = {a.plan->services[0].rows, a.plan->services[0].size, left};
	const struct share_bank to = {b.plan->services[0].rows, b.plan->services[0].size, right};
	double moved = share_moved(&from, &to);

	free(left);
	free(right);
	planned_free(&a);
	planned_free(&b);
	return moved;
}

static void nothing_moves_between_equal_rows(void **state)
{
	assert_true(moved_between(FLEET WEB("4", "b1: {}, b2: {}"),
				  FLEET WEB("4", "b2: {}, b1: {}")) == 0);
}

static void the_share_of_a_closed_backend_moves_and_little_besides(void **state)
{
	double moved = moved_between(FLEET WEB("4", "b1: {}, b2: {}, b3: {}"),
				     FLEET WEB("4", "b1: {}, b2: {}, b3: {enabled: false}"));

	assert_true(moved >= 1 / 3.0 - 0.001);
	assert_true(moved < 0.45);
}

static void everything_moves_when_the_last_backend_closes_or_the_first_opens(void **state)
{
	const char *open = FLEET WEB("4", "b1: {}");
	const char *closed = FLEET WEB("4", "b1: {enabled: false}");

	assert_true(moved_between(open, closed) == 1);
	assert_true(moved_between(closed, open) == 1);
	assert_true(moved_between(closed, closed) == 0);
}

/* With one backend behind them, rows of two sizes lead to the same place everywhere. */
static void rows_of_other_sizes_are_compared_by_where_they_lead(void **state)
{
	assert_true(moved_between(FLEET WEB("4", "b1: {}"), FLEET WEB("64", "b1: {}")) == 0);
}

static void the_share_is_that_of_hashes_that_change_their_row(void **state)
{
	struct planned a = plan_of("g1", FLEET WEB("4", "b1: {}, b2: {}"));
	struct planned b = plan_of("g1", FLEET WEB("64", "b1: {}, b2: {}, b3: {}"));
	const struct plan_service *left = &a.plan->services[0], *right = &b.plan->services[0];
	const unsigned int n = 1 << 18;
	unsigned int differ = 0;
	double moved = moved_between(FLEET WEB("4", "b1: {}, b2: {}"),
				     FLEET WEB("64", "b1: {}, b2: {}, b3: {}"));

	for (unsigned int i = 0; i < n; i++) {
		uint64_t hash = (uint64_t)i * ((1ULL << 32) / n);

		differ += left->rows[hash_row(hash, left->size)] !=
			  right->rows[hash_row(hash, right->size)];
	}
	assert_true(moved > (double)differ / n - 0.01 && moved < (double)differ / n + 0.01);
	planned_free(&a);
	planned_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_moves_between_equal_rows),
		cmocka_unit_test(the_share_of_a_closed_backend_moves_and_little_besides),
		cmocka_unit_test(everything_moves_when_the_last_backend_closes_or_the_first_opens),
		cmocka_unit_test(rows_of_other_sizes_are_compared_by_where_they_lead),
		cmocka_unit_test(the_share_is_that_of_hashes_that_change_their_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
