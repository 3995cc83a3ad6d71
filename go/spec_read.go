// How the spec's reader goes over one JSON object: by a table of its fields; c/spec_read.c is its
// twin. A field that is in no table is refused by name. When several things are wrong, the first
// of this order is told: an object's unknown fields, sorted; then its fields in the table's order,
// each with all it holds; after the whole file, the rules of spec_check.go.

package gobox

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
)

// where is where in the file a value stands: "linux.namespaces[2].type" as a chain of steps.
type where struct {
	parent *where // nil: this is the file, and key is its label
	key    string // "": an element of an array
	index  int
	isKey  bool
}

func (at *where) member(key string) *where { return &where{parent: at, key: key, isKey: true} }
func (at *where) element(index int) *where { return &where{parent: at, index: index} }

type field struct {
	name string
	// read checks value and stores it into f.into.
	read     func(at *where, value any, f *field) error
	into     any
	min, max int64 // of a number; of a string's or list's length
	required bool
}

func whereText(at *where) string {
	if at.parent == nil {
		return at.key + ": "
	}
	if !at.isKey {
		return fmt.Sprintf("%s[%d]", whereText(at.parent), at.index)
	}
	dot := ""
	if at.parent.parent != nil {
		dot = "."
	}
	return whereText(at.parent) + dot + jsonShown(at.key)
}

// specRefuse gives "LABEL: WHERE: MESSAGE".
func specRefuse(at *where, format string, args ...any) error {
	text := whereText(at)
	if at.parent != nil {
		text += ": "
	}
	return errorSay("%s", text+fmt.Sprintf(format, args...))
}

// specRefuseType is the same with "must be a string, not a number".
func specRefuseType(at *where, value any, wanted string) error {
	name := "null"
	switch v := value.(type) {
	case map[string]any:
		name = "an object"
	case []any:
		name = "an array"
	case string:
		name = "a string"
	case int64:
		name = "a number"
	case bool:
		name = strconv.FormatBool(v)
	}
	return specRefuse(at, "must be %s, not %s", wanted, name)
}

// specRefuseRoot refuses "/" where something will be mounted: it would lie over the container's
// root, and the processes stay below it. nil for any other path.
func specRefuseRoot(at *where, path string) error {
	if path != "/" {
		return nil
	}
	return specRefuse(at, "must not be the container's root")
}

func findField(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

// checkNames refuses the first, by its bytes, of the names that are in no row.
func checkNames(at *where, value map[string]any, fields []field) error {
	unknown, found := "", false
	for name := range value {
		if findField(fields, name) == nil && (!found || name < unknown) {
			unknown, found = name, true
		}
	}
	if !found {
		return nil
	}
	return specRefuse(at.member(unknown), "not supported by this runtime")
}

// readObject reads an object by its table.
func readObject(at *where, value any, fields []field) error {
	object, ok := value.(map[string]any)
	if !ok {
		return specRefuseType(at, value, "an object")
	}
	if err := checkNames(at, object, fields); err != nil {
		return err
	}
	for i := range fields {
		f := &fields[i]
		here := at.member(f.name)
		member, given := object[f.name]
		if !given && f.required {
			return specRefuse(here, "missing")
		}
		if given {
			if err := f.read(here, member, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuseRange: a length or number between f.min and f.max.
func refuseRange(at *where, f *field, unit string) error {
	return specRefuse(at, "must be %d to %d%s", f.min, f.max, unit)
}

// readList reads an array of f.min to f.max elements; element reads one into its place.
func readList[T any](at *where, value any, f *field, list *[]T,
	element func(at *where, value any, place *T) error) error {
	array, ok := value.([]any)
	if !ok {
		return specRefuseType(at, value, "an array")
	}
	if int64(len(array)) < f.min {
		return specRefuse(at, "must not be empty")
	}
	if f.max != 0 && int64(len(array)) > f.max {
		return specRefuse(at, "must have %d elements at most", f.max)
	}
	*list = make([]T, len(array))
	for i := range array {
		if err := element(at.element(i), array[i], &(*list)[i]); err != nil {
			return err
		}
	}
	return nil
}

func readBool(at *where, value any, f *field) error {
	b, ok := value.(bool)
	if !ok {
		return specRefuseType(at, value, "true or false")
	}
	*f.into.(*bool) = b
	return nil
}

// integerValue gives the number; false where value is none.
func integerValue(value any) (int64, bool) {
	number, ok := value.(int64)
	return number, ok
}

// readInteger reads the number of a field in its range.
func readInteger(at *where, value any, f *field) (int64, error) {
	number, ok := integerValue(value)
	if !ok {
		return 0, specRefuseType(at, value, "a number")
	}
	if number < f.min || number > f.max {
		return 0, refuseRange(at, f, "")
	}
	return number, nil
}

func readInt(at *where, value any, f *field) error {
	number, err := readInteger(at, value, f)
	*f.into.(*int) = int(number)
	return err
}

func readU32(at *where, value any, f *field) error {
	number, err := readInteger(at, value, f)
	*f.into.(*uint32) = uint32(number)
	return err
}

func readU64(at *where, value any, f *field) error {
	number, err := readInteger(at, value, f)
	*f.into.(*uint64) = uint64(number)
	return err
}

func readNumber(at *where, value any, f *field) error {
	number, err := readInteger(at, value, f)
	*f.into.(*SpecNumber) = SpecNumber{err == nil, number}
	return err
}

// readLimit takes -1 as well.
func readLimit(at *where, value any, f *field) error {
	number, ok := integerValue(value)
	if ok && number == -1 {
		*f.into.(*SpecNumber) = SpecNumber{true, -1}
		return nil
	}
	if ok && (number < f.min || number > f.max) {
		return refuseRange(at, f, ", or -1 for no limit")
	}
	return readNumber(at, value, f)
}

// readString reads f.min to f.max bytes (max 0: any).
func readString(at *where, value any, f *field) error {
	text, ok := value.(string)
	if !ok {
		return specRefuseType(at, value, "a string")
	}
	if int64(len(text)) < f.min {
		return specRefuse(at, "must not be empty")
	}
	if f.max != 0 && int64(len(text)) > f.max {
		return specRefuse(at, "must be %d bytes at most", f.max)
	}
	*f.into.(*string) = text
	return nil
}

// cleanPath takes away "//" and a "/" at the end; false where a part is "." or "..".
func cleanPath(path string) (string, bool) {
	var clean strings.Builder
	clean.Grow(len(path) + 1)
	for more := true; more; {
		var part string
		part, path, more = strings.Cut(path, "/")
		if part == "." || part == ".." {
			return "", false
		}
		if part != "" {
			clean.WriteByte('/')
			clean.WriteString(part)
		}
	}
	if clean.Len() == 0 {
		return "/", true
	}
	return clean.String(), true
}

// readPath reads an absolute path without "." and "..".
func readPath(at *where, value any, f *field) error {
	into := f.into.(*string)
	if err := readString(at, value, &field{into: into, min: 1, max: pathMax - 1}); err != nil {
		return err
	}
	if (*into)[0] != '/' {
		return specRefuse(at, "must be an absolute path")
	}
	clean, ok := cleanPath(*into)
	if !ok {
		return specRefuse(at, `must not have a part "." or ".."`)
	}
	*into = clean
	return nil
}

func stringElement(at *where, value any, place *string) error {
	return readString(at, value, &field{into: place})
}

func pathElement(at *where, value any, place *string) error {
	return readPath(at, value, &field{into: place})
}

func readStrings(at *where, value any, f *field) error {
	return readList(at, value, f, f.into.(*[]string), stringElement)
}

func readPaths(at *where, value any, f *field) error {
	return readList(at, value, f, f.into.(*[]string), pathElement)
}

// readKeyValues reads an object of strings.
func readKeyValues(at *where, value any, f *field) error {
	object, ok := value.(map[string]any)
	if !ok {
		return specRefuseType(at, value, "an object")
	}
	list := make([]SpecKeyValue, 0, len(object))
	for key := range object {
		list = append(list, SpecKeyValue{Key: key})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Key < list[j].Key })
	for i := range list {
		if list[i].Key == "" {
			return specRefuse(at, "a name must not be empty")
		}
		string := &field{into: &list[i].Value}
		if err := readString(at.member(list[i].Key), object[list[i].Key], string); err != nil {
			return err
		}
	}
	*f.into.(*[]SpecKeyValue) = list
	return nil
}

const (
	maxInt64  = math.MaxInt64
	maxUint32 = math.MaxUint32
)
