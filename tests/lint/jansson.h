/* What cppcheck, which reads no system headers, cannot know of jansson's macros. */
#define json_object_foreach(object, key, value)                                                    \
	for (key = json_object_iter_key(json_object_iter(object));                                 \
		(value = json_object_get(object, key));)
#define json_array_foreach(array, index, value)                                                    \
	for (index = 0; (value = json_array_get(array, index)); index++)
#define JSON_INTEGER_FORMAT "lld"
