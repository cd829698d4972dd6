/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration against any bytes: YAML, tree, values, checks, plans, all that a daemon does
 * with a file before it touches the kernel. Nothing may crash or leak, and what is refused has an
 * error.
 *
 * One harness, two drivers: libFuzzer (ninja fuzz_config, see HACKING.md), and mutate.c, which
 * needs no special compiler and runs with fixed seeds in the unit suite. The corpus is examples/.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>

#include "base/errors.h"
#include "base/tree.h"
#include "core/config.h"
#include "core/diff.h"
#include "core/plan.h"
#include "io/yaml.h"

const char fuzz_holds[] = "no change to a configuration makes its reader fail";

static const struct plan_keys keys = {.flow = {.words = {1, 2, 3}, .finish = 5}, .rows = 7};

/* Rows cost time and say nothing new after the first; a fleet of thousands is left to other tests.
 */
#define SERVICES_PLANNED 4

/* Also with itself: nothing may differ. */
static void plan_gateway_of(const struct config *config)
{
	const struct config_gateway *self = &config->gateways[0];
	_cleanup_plan_ struct plan *plan = NULL;
	_cleanup_diff_ struct diff *diff = NULL;
	struct gateway_settings settings;
	struct diff_side side;

	if (plan_gateway(config, self, &keys, &plan) < 0)
		return;
	settings = plan_gateway_settings(config, self, &keys, plan);
	side = (struct diff_side){.plan = plan,
				  .gateway = &settings,
				  .interfaces = self->interfaces,
				  .n_interfaces = self->n_interfaces};
	if (diff_sides(&side, &side, &diff) == 0 && !diff_is_empty(diff))
		abort();
}

static void plan_agent_of(const struct config *config)
{
	_cleanup_plan_ struct plan *plan = NULL;

	if (config->backends[0].agent)
		plan_agent(config, &config->backends[0], &plan);
}

static void use(const struct config *config)
{
	if (config->n_gateways && config->n_services <= SERVICES_PLANNED)
		plan_gateway_of(config);
	if (config->n_backends)
		plan_agent_of(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_config_ struct config *config = NULL;
	int r = yaml_tree_parse((const char *)data, size, "fuzz.yaml", &errors, &tree);

	if (r == 0)
		r = config_from_tree(tree, &errors, &config);
	if (r == 0)
		use(config);
	if (r < 0 && r != -ENOMEM && !errors_count(&errors))
		abort();
	if (r == 0 && errors_count(&errors))
		abort();
	return 0;
}
