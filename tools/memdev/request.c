// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that are built from options, and requests for devices and windows.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "request.h"

static int field_error(const struct call *call, const struct field *field,
		       const char *text, const char *expected)
{
	return value_error(call, "invalid %s '%s': expected %s", field->name,
			   text, expected);
}

static int online_type_parse(const char *text, __u32 *type)
{
	for (*type = 0; online_type_names[*type]; (*type)++)
		if (name_matches(text, strlen(text), online_type_names[*type]))
			return 0;
	return -EINVAL;
}

int field_put(const struct call *call, const struct field *field,
	      const char *text, struct nlmsghdr *request)
{
	const __u16 attribute = field->attribute;
	__u64 bytes;
	__u32 nr = 0;
	int rc;

	switch (field->type) {
	case FIELD_NUMBER:
		if (number_parse(text, "", &nr) || nr < field->limit)
			return field_error(call, field, text, field->limit ?
					   "a number greater than 0" :
					   "a number");
		break;
	case FIELD_BOOL:
		if (number_parse(text, "", &nr) || nr > 1)
			return field_error(call, field, text, "0 or 1");
		mnl_attr_put_u8(request, attribute, nr);
		return EXIT_DONE;
	case FIELD_SIZE:
	case FIELD_ADDRESS:
		rc = size_argument(call, field->name, NULL, text,
				   !field->limit, &bytes);
		if (!rc)
			mnl_attr_put_u64(request, attribute, bytes);
		return rc;
	case FIELD_TEXT:
		if (!*text || strlen(text) > field->limit)
			return value_error(call, "invalid %s '%s': expected 1 to %u characters",
					   field->name, text, field->limit);
		mnl_attr_put_strz(request, attribute, text);
		return EXIT_DONE;
	case FIELD_WINDOW:
		rc = window_argument(call, text, &nr);
		if (rc)
			return rc;
		break;
	case FIELD_ONLINE_TYPE:
		if (online_type_parse(text, &nr))
			return field_error(call, field, text,
					   "offline, online, online_kernel, online_movable or system");
		break;
	}
	mnl_attr_put_u32(request, attribute, nr);
	return EXIT_DONE;
}

int fields_put(const struct call *call, const struct field *fields,
	       struct nlmsghdr *request)
{
	int rc = EXIT_DONE;

	for (; fields->name && !rc; fields++)
		if (call->set & 1ULL << fields->opt)
			rc = field_put(call, fields, call->value[fields->opt],
				       request);
	return rc;
}

const char *bad_field(const struct nl *nl, const struct field *fields)
{
	static char text[32];

	for (; fields->name; fields++) {
		if (nl->bad_attribute != fields->attribute)
			continue;
		snprintf(text, sizeof(text), "%s: ", fields->name);
		return text;
	}
	return "";
}

struct created {
	__u16 attribute;
	__u32 index;
};

static int index_parse(const struct nlmsghdr *nlh, void *data)
{
	struct created *created = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == created->attribute)
			created->index = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

int object_request(struct nl *nl, struct nlmsghdr *request, __u16 attribute,
		   __u32 *index)
{
	struct created created = { attribute, ~0U };
	int rc;

	rc = nl_call_wait(nl, request, index_parse, &created, 1000, NULL, NULL);
	*index = created.index;
	return rc;
}

static int create_failed(const struct call *call, const struct object *object,
			 struct nl *nl, int rc)
{
	char *reason = xasprintf("%s%s", bad_field(nl, object->fields),
				 nl_strerror(nl, rc));
	struct windows windows = { 0 };

	if (rc == -ENODEV && object->no_window && !nl_windows(nl, &windows) &&
	    !windows.n) {
		free(reason);
		reason = xstrdup(object->no_window);
	}
	warnx("%s %s: %s", call->cmd->name, call->argv[0], reason);
	free(windows.v);
	free(reason);
	return EXIT_FAILED;
}

int object_create(const struct call *call, const struct object *object)
{
	struct nlmsghdr *request;
	struct table table;
	__u64 size;
	__u32 index;
	struct nl nl;
	int rc;

	rc = size_argument(call, "size", NULL, call->argv[0], false, &size);
	if (rc)
		return rc;
	rc = table_open(&table, call, object->json, false);
	if (rc)
		return rc;
	request = nl_request(object->cmd_new, NLM_F_ACK);
	mnl_attr_put_u64(request, object->size, size);
	rc = fields_put(call, object->fields, request);
	if (rc)
		return rc;
	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = object_request(&nl, request, object->index, &index);
	if (rc) {
		rc = create_failed(call, object, &nl, rc);
		goto out;
	}
	if (call->set & OPT(JSON))
		rc = object->print(&nl, index, &table);
	else
		printf("%s%u\n", object->prefix, index);
	/* The object exists: report its name even if the output fails. */
	if (rc || output_flush(stdout, "standard output")) {
		warnx("%s%u was created", object->prefix, index);
		rc = EXIT_PART;
	}
out:
	nl_close(&nl);
	return rc;
}

int object_delete(struct nl *nl, const struct object *object, __u32 index,
		  const char *verb)
{
	struct nlmsghdr *request = nl_request(object->cmd_del, NLM_F_ACK);

	mnl_attr_put_u32(request, object->index, index);
	return nl_status(nl, nl_call(nl, request, NULL, NULL), "%s%u: %s",
			 object->prefix, index, verb);
}

struct selection {
	__u32 window;
	__u32 node;
};

static int selection_parse(const struct call *call,
			   struct selection *selection)
{
	const char *node = call->value[OPT_NODE];
	int rc = EXIT_DONE;

	if (call->set & OPT(WINDOW))
		rc = window_argument(call, call->value[OPT_WINDOW],
				     &selection->window);
	if (!rc && node && number_parse(node, "", &selection->node))
		rc = value_error(call, "invalid --node '%s': expected a number",
				 node);
	return rc;
}

/* Keep the devices of a window, or of a NUMA node. */
static void devs_select(const struct call *call,
			const struct selection *selection, struct devs *devs)
{
	size_t n = 0;

	for (size_t i = 0; i < devs->n; i++) {
		const struct dev *dev = &devs->v[i];

		if (call->set & OPT(WINDOW) && dev->window != selection->window)
			continue;
		if (call->set & OPT(NODE) &&
		    (dev->node < 0 || (__u32)dev->node != selection->node))
			continue;
		devs->v[n++] = *dev;
	}
	devs->n = n;
}

int devs_command(const struct call *call, const char *json, bool all,
		 int (*print)(const struct call *call, struct nl *nl,
			      struct devs *devs, struct table *table))
{
	struct selection selection = { 0 };
	struct devs devs = { 0 };
	struct table table;
	struct nl nl;
	int rc;

	rc = selection_parse(call, &selection);
	if (rc)
		return rc;
	rc = table_open(&table, call, json, all);
	if (rc)
		return rc;
	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = nl_devs_named(&nl, call->argc, call->argv, &devs);
	devs_select(call, &selection, &devs);
	if ((!rc || devs.n) && print(call, &nl, &devs, &table))
		rc = EXIT_FAILED;
	free(devs.v);
	nl_close(&nl);
	return rc;
}

char *plug_reason(const struct nl *nl, const struct refusal *refusal, int rc)
{
	char *reason, *done, *text;

	if (rc == -EINTR)
		reason = xstrdup("interrupted");
	else if (refusal->reason[0])
		reason = refusal_text(refusal);
	else
		reason = xstrdup(nl_strerror(nl, rc));
	if (!refusal->done)
		return reason;
	done = size_exact(refusal->done);
	text = xasprintf("%s done, then %s", done, reason);
	free(done);
	free(reason);
	return text;
}

int partial_status(int done, int total)
{
	if (done == total)
		return EXIT_DONE;
	return done ? EXIT_PART : EXIT_FAILED;
}

void print_warning(const struct nl *nl, const struct dev *dev,
		   const char *what)
{
	if (nl->text[0])
		warnx("memdev%u: %s: done, but %s", dev->index, what, nl->text);
}
