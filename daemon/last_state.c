/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/last_state.h"

#include <errno.h>
#include <jansson.h>

#include "daemon/json_file.h"

/* {"services/web": {"revision": 34, "text": "..."}, ...} */

static int take_document(const char *key, const json_t *value, struct documents *documents)
{
	const json_t *text = json_object_get(value, "text");
	const json_t *revision = json_object_get(value, "revision");

	if (!json_is_string(text) || !json_is_integer(revision))
		return -EBADMSG;
	return documents_put(documents, key, json_string_value(text), json_string_length(text),
			     json_integer_value(revision));
}

int last_state_read(const char *path, struct documents *ret)
{
	_cleanup_(documents_clear) struct documents documents = {};
	json_t *root = NULL, *value;
	const char *key;
	int r = json_file_read(path, &root);

	json_object_foreach(root, key, value)
	{
		if (r == 0)
			r = take_document(key, value, &documents);
	}
	json_decref(root);
	if (r < 0)
		return r;
	*ret = documents;
	documents = (struct documents){};
	return 0;
}

static json_t *json_of(const struct documents *documents)
{
	json_t *root = json_object();

	for (size_t i = 0; i < documents->n; i++) {
		const struct document *document = &documents->list[i];

		json_object_set_new(root, document->key,
				    json_pack("{s:I s:s%}", "revision",
					      (json_int_t)document->revision, "text", document->text,
					      document->length));
	}
	return root;
}

int last_state_write(const char *path, const struct documents *documents)
{
	json_t *root = json_of(documents);
	int r = json_file_write(path, root);

	json_decref(root);
	return r;
}
