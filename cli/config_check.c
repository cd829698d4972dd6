/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "base/errors.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/print.h"
#include "cli/rests.h"
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

/* A backend that dies keeps its share of new connections. Who says check: off knows that. */
static bool is_unchecked(const struct config_service *service)
{
	return service->health.unasked && !config_is_checked(service);
}

static void print_unchecked(const char *file, const struct config *config)
{
	for (size_t i = 0; i < config->n_services; i++)
		if (is_unchecked(&config->services[i]))
			printf("%s: note: services.%s.health.check: auto finds nothing to ask, so nobody "
			       "checks the backends; say what to ask, or off\n",
			       file, config->services[i].name);
}

static json_t *unchecked_json(const struct config *config)
{
	json_t *list = json_array();

	for (size_t i = 0; i < config->n_services; i++)
		if (is_unchecked(&config->services[i]))
			json_array_append_new(list, json_string(config->services[i].name));
	return list;
}

/* What is no UTF-8, as a file's name may be, cannot stand in JSON. */
static json_t *text_json(const char *text, size_t length)
{
	return json_stringn(text, length) ?: json_string("?");
}

/* null: the error has no such part. */
static json_t *part_json(const char *part, int length)
{
	return length ? text_json(part, length) : json_null();
}

static json_t *error_json(const struct error *error)
{
	return json_pack("{s:o s:o s:o s:o}", "file", part_json(error->text, error->file_length), "line",
			 error->line ? json_integer(error->line) : json_null(), "path",
			 part_json(error->text + error->path_at, error->path_length), "message",
			 text_json(error->what, strlen(error->what)));
}

static json_t *result_json(const char *file, const struct errors *errors,
			   const struct inputs *inputs)
{
	json_t *list = json_array(), *result;
	const struct error *error;

	for (size_t i = 0; (error = errors_at(errors, i)); i++)
		json_array_append_new(list, error_json(error));
	result = json_pack("{s:o s:b s:o}", "file", text_json(file, strlen(file)), "fine", inputs != NULL,
			   "errors", list);
	if (inputs)
		json_object_update_new(result,
				       json_pack("{s:I s:I s:I s:I s:o}", "sites",
						 (json_int_t)inputs->config->n_sites, "gateways",
						 (json_int_t)inputs->config->n_gateways, "backends",
						 (json_int_t)inputs->config->n_backends, "services",
						 (json_int_t)inputs->config->n_services,
						 "unchecked", unchecked_json(inputs->config)));
	return result;
}

/* The errors are the answer: they go out as they are, as a compiler's do. */
int config_check_run(const struct command *command)
{
	const char *file = command->values[0];
	_cleanup_errors_ struct errors errors = {};
	_cleanup_inputs_ struct inputs *inputs = NULL;
	_cleanup_rests_ struct rests known = {};
	int r = rests_ask_of(command, file, &known);

	if (r < 0)
		return r;
	r = inputs_collect(file, NULL, &known, &errors, &inputs);
	if (r < 0 && !errors_count(&errors))
		log_error("%s: %s", file, strerror(-r));
	if (command->json) {
		json_t *result = result_json(file, &errors, inputs);

		print_json(result);
		json_decref(result);
	} else if (r < 0) {
		errors_print(&errors, stderr);
	} else {
		print_fine(file, inputs->config);
		print_unchecked(file, inputs->config);
	}
	return r;
}
