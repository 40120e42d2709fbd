/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests that are built from options, and requests for devices and windows.
 */
#ifndef MEMDEVCTL_REQUEST_H
#define MEMDEVCTL_REQUEST_H

#include "nl.h"
#include "table.h"

enum field_type {
	FIELD_NUMBER,
	FIELD_BOOL,
	FIELD_SIZE,
	FIELD_ADDRESS,
	FIELD_TEXT,
	FIELD_WINDOW,
	FIELD_ONLINE_TYPE,
};

/**
 * struct field - an option or setting that becomes an attribute of a request
 * @name: as the user writes it; NULL ends a list of fields
 * @type: how to parse the value
 * @attribute: the attribute
 * @opt: the option, if the field is one
 * @limit: minimum number or size, or maximum text length
 */
struct field {
	const char *name;
	enum field_type type;
	__u16 attribute;
	enum opt_id opt;
	__u32 limit;
};

/* Add an attribute or print a usage error. Return 0 or EXIT_USAGE. */
int field_put(const struct call *call, const struct field *field,
	      const char *text, struct nlmsghdr *request);
/* Add the options that are set. */
int fields_put(const struct call *call, const struct field *fields,
	       struct nlmsghdr *request);
/* "--addr: " if the kernel rejected that field, or "" */
const char *bad_field(const struct nl *nl, const struct field *fields);

/**
 * struct object - a kind of object that can be created and deleted
 * @prefix: start of an object's name
 * @json: name of the list in JSON
 * @cmd_new: command that creates an object
 * @cmd_del: command that deletes an object
 * @index: attribute with the object's number
 * @size: attribute with the object's size
 * @fields: options of @cmd_new
 * @no_window: error text if there is no window, or NULL
 * @print: print an object as JSON and return an exit status
 */
struct object {
	const char *prefix;
	const char *json;
	__u8 cmd_new;
	__u8 cmd_del;
	__u16 index;
	__u16 size;
	const struct field *fields;
	const char *no_window;
	int (*print)(struct nl *nl, __u32 index, struct table *table);
};

/* Send a request that creates an object; get its number. Returns 0 or -errno. */
int object_request(struct nl *nl, struct nlmsghdr *request, __u16 attribute,
		   __u32 *index);
/* Create an object and print its name. Returns an exit status. */
int object_create(const struct call *call, const struct object *object);
/* Delete an object. Returns 0 or EXIT_FAILED. */
int object_delete(struct nl *nl, const struct object *object, __u32 index,
		  const char *verb);

/*
 * Look up the devices named by the arguments, or all devices, and print those
 * that exist. json, all: as for table_open(). Returns an exit status.
 */
int devs_command(const struct call *call, const char *json, bool all,
		 int (*print)(const struct call *call, struct nl *nl,
			      struct devs *devs, struct table *table));

/*
 * Why a plug or an unplug failed; the caller frees the text. The refusal in
 * the reply has the failed block and the bytes done so far.
 */
char *plug_reason(const struct nl *nl, const struct refusal *refusal, int rc);
/* Return the exit status if @done of @total steps succeeded. */
int partial_status(int done, int total);
/* After a success, print the kernel's warning, if there is one. */
void print_warning(const struct nl *nl, const struct dev *dev,
		   const char *what);

#endif /* MEMDEVCTL_REQUEST_H */
