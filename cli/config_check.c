/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "base/errors.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/config.h"
#include "daemon/inputs.h"

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_fine(const char *file, const struct config *config)
{
	printf("%s: fine: %zu site%s, %zu gateway%s, %zu backend%s, %zu service%s\n", file,
	       config->n_sites, plural(config->n_sites), config->n_gateways,
	       plural(config->n_gateways), config->n_backends, plural(config->n_backends),
	       config->n_services, plural(config->n_services));
}

static json_t *result_json(const char *file, const struct errors *errors,
			   const struct inputs *inputs)
{
	json_t *list = json_array(), *result;

	for (size_t i = 0; i < errors_count(errors); i++)
		json_array_append_new(list, json_string(errors_text(errors, i)));
	result = json_pack("{s:s s:b s:o}", "file", file, "fine", inputs != NULL, "errors", list);
	if (inputs)
		json_object_update_new(result,
				       json_pack("{s:I s:I s:I s:I}", "sites",
						 (json_int_t)inputs->config->n_sites, "gateways",
						 (json_int_t)inputs->config->n_gateways, "backends",
						 (json_int_t)inputs->config->n_backends, "services",
						 (json_int_t)inputs->config->n_services));
	return result;
}

/* The errors are the answer: they go out as they are, as a compiler's do. */
int config_check_run(const struct command *command)
{
	const char *file = command->values[0];
	_cleanup_errors_ struct errors errors = {};
	_cleanup_inputs_ struct inputs *inputs = NULL;
	int r = inputs_collect(file, NULL, &errors, &inputs);

	if (r < 0 && !errors_count(&errors))
		log_error("%s: %s", file, strerror(-r));
	if (command->json) {
		json_t *result = result_json(file, &errors, inputs);

		json_dumpf(result, stdout, JSON_INDENT(2));
		printf("\n");
		json_decref(result);
	} else if (r < 0) {
		errors_print(&errors, stderr);
	} else {
		print_fine(file, inputs->config);
	}
	return r;
}
