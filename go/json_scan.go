// What is JSON and what is not; c/json_scan.c is the same, function for function. Here each also
// gives the value that it has read: encoding/json would go over the file once more, and needs
// several times the file's size for it.

package gobox

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

const (
	jsonMaxDepth  = 32   // objects and arrays within each other
	jsonMaxValues = 4096 // values in one file: what bounds the memory of the tree
)

type jsonScanner struct {
	label         string
	data          []byte
	at            int
	depth, values int
	text          []byte // of a string with escapes
}

func (s *jsonScanner) refuse(at int, format string, args ...any) error {
	line, column := 1, 1
	for _, b := range s.data[:at] {
		column++
		if b == '\n' {
			line++
			column = 1
		}
	}
	return errorSay("%s:%d:%d: %s", s.label, line, column, fmt.Sprintf(format, args...))
}

// refuseByte refuses the byte under way: "expected a value, not ']'".
func (s *jsonScanner) refuseByte(expected string) error {
	if s.at == len(s.data) {
		return s.refuse(s.at, "expected %s, not the end of the file", expected)
	}
	if b := s.data[s.at]; b > 0x20 && b < 0x7f {
		return s.refuse(s.at, "expected %s, not '%c'", expected, b)
	}
	return s.refuse(s.at, "expected %s, not byte 0x%02x", expected, s.data[s.at])
}

// peek gives the next byte, -1 at the end.
func (s *jsonScanner) peek() int {
	if s.at < len(s.data) {
		return int(s.data[s.at])
	}
	return -1
}

func (s *jsonScanner) skipSpace() {
	for s.at < len(s.data) && strings.IndexByte(" \t\n\r", s.data[s.at]) >= 0 {
		s.at++
	}
}

func (s *jsonScanner) scanWord(word string, value any) (any, error) {
	if !bytes.HasPrefix(s.data[s.at:], []byte(word)) {
		return nil, s.refuseByte("a value")
	}
	s.at += len(word)
	return value, nil
}

func isDigit(c int) bool {
	return c >= '0' && c <= '9'
}

func (s *jsonScanner) scanNumber() (any, error) {
	begin, sign, limit, n := s.at, int64(1), uint64(math.MaxInt64), uint64(0)
	if s.peek() == '-' {
		sign = -1
		limit++
		s.at++
	}
	if !isDigit(s.peek()) {
		return nil, s.refuseByte("a digit")
	}
	if s.peek() == '0' && s.at+1 < len(s.data) && isDigit(int(s.data[s.at+1])) {
		return nil, s.refuse(begin, "a number must not begin with 0")
	}
	for ; isDigit(s.peek()); s.at++ {
		digit := uint64(s.data[s.at] - '0')
		if n > (limit-digit)/10 {
			return nil, s.refuse(begin, "the number does not fit into 64 bits with sign")
		}
		n = n*10 + digit
	}
	if c := s.peek(); c == '.' || c == 'e' || c == 'E' {
		return nil, s.refuse(begin, "a number must be an integer, without fraction or exponent")
	}
	return sign * int64(n), nil
}

// scanHex reads the four digits after "\u".
func (s *jsonScanner) scanHex() (rune, error) {
	n := rune(0)
	for i := 0; i < 4; i++ {
		c := s.peek()
		switch {
		case isDigit(c):
			n = n*16 + rune(c) - '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			n = n*16 + rune(c|0x20) - 'a' + 10
		default:
			return 0, s.refuseByte("four hexadecimal digits")
		}
		s.at++
	}
	return n, nil
}

// scanEscape stands after the backslash and gives the character that is meant.
func (s *jsonScanner) scanEscape() (rune, error) {
	const names, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	begin := s.at - 1
	for i := range names {
		if s.peek() == int(names[i]) {
			s.at++
			return rune(meanings[i]), nil
		}
	}
	if s.peek() != 'u' {
		return 0, s.refuseByte(`one of "\/bfnrtu after a backslash`)
	}
	s.at++
	high, err := s.scanHex()
	if err != nil {
		return 0, err
	}
	if high == 0 {
		return 0, s.refuse(begin, "a string must not hold NUL")
	}
	if high >= 0xdc00 && high <= 0xdfff {
		return 0, s.refuse(begin, "a low surrogate without a high one")
	}
	if high >= 0xd800 && high <= 0xdbff {
		if !bytes.HasPrefix(s.data[s.at:], []byte(`\u`)) {
			return 0, s.refuse(begin, "a high surrogate without a low one")
		}
		s.at += 2
		low, err := s.scanHex()
		if err != nil {
			return 0, err
		}
		if low < 0xdc00 || low > 0xdfff {
			return 0, s.refuse(begin, "a high surrogate without a low one")
		}
		high = 0x10000 + (high-0xd800)<<10 + (low - 0xdc00)
	}
	return high, nil
}

// scanUTF8: no overlong form, no surrogate, at most U+10FFFF. That is what Go's DecodeRune wants
// too; C does it by hand.
func (s *jsonScanner) scanUTF8() error {
	c, n := utf8.DecodeRune(s.data[s.at:])
	if c == utf8.RuneError && n <= 1 {
		return s.refuse(s.at, "not UTF-8")
	}
	s.at += n
	return nil
}

// scanString gives the text after escapes. What stands between them is taken as it is: plain says
// from where on.
func (s *jsonScanner) scanString() (string, error) {
	begin := s.at
	s.at++
	plain := s.at
	s.text = s.text[:0]
	for {
		c := s.peek()
		if c < 0 {
			return "", s.refuse(begin, "the string does not end")
		}
		if c < 0x20 {
			return "", s.refuse(s.at, "control character 0x%02x in a string", c)
		}
		if c >= 0x80 {
			if err := s.scanUTF8(); err != nil {
				return "", err
			}
			continue
		}
		s.at++
		if c == '"' && plain == begin+1 {
			return string(s.data[plain : s.at-1]), nil
		}
		if c != '"' && c != '\\' {
			continue
		}
		if s.text == nil {
			s.text = make([]byte, 0, len(s.data)) // no text is longer than the file
		}
		s.text = append(s.text, s.data[plain:s.at-1]...)
		if c == '"' {
			return string(s.text), nil
		}
		meant, err := s.scanEscape()
		if err != nil {
			return "", err
		}
		s.text = utf8.AppendRune(s.text, meant)
		plain = s.at
	}
}

func (s *jsonScanner) scanKey() (string, error) {
	if s.peek() != '"' {
		return "", s.refuseByte("a key in quotes")
	}
	text, err := s.scanString()
	if err != nil {
		return "", err
	}
	s.skipSpace()
	if s.peek() != ':' {
		return "", s.refuseByte("':' after the key")
	}
	s.at++
	return text, nil
}

// scanObject stands after '{'.
func (s *jsonScanner) scanObject() (any, error) {
	object := map[string]any{}
	n, twice, shown := 0, 0, "" // where the first key is that was there; none is at 0
	s.skipSpace()
	if s.peek() == '}' {
		s.at++
		return object, nil
	}
	for {
		s.skipSpace()
		offset := s.at
		key, err := s.scanKey()
		if err != nil {
			return nil, err
		}
		if object[key], err = s.scanValue(); err != nil {
			return nil, err
		}
		if n++; twice == 0 && len(object) < n {
			twice, shown = offset, jsonShown(key)
		}
		s.skipSpace()
		if s.peek() == '}' {
			break
		}
		if s.peek() != ',' {
			return nil, s.refuseByte("',' or '}'")
		}
		s.at++
	}
	s.at++
	if twice > 0 {
		return nil, s.refuse(twice, `key "%s" is given twice`, shown)
	}
	return object, nil
}

// scanArray stands after '['.
func (s *jsonScanner) scanArray() (any, error) {
	array := []any{}
	s.skipSpace()
	if s.peek() == ']' {
		s.at++
		return array, nil
	}
	for {
		value, err := s.scanValue()
		if err != nil {
			return nil, err
		}
		array = append(array, value)
		s.skipSpace()
		if s.peek() == ']' {
			break
		}
		if s.peek() != ',' {
			return nil, s.refuseByte("',' or ']'")
		}
		s.at++
	}
	s.at++
	return array, nil
}

// scanValue gives a map[string]any, []any, string, int64, bool or nil.
func (s *jsonScanner) scanValue() (any, error) {
	s.skipSpace()
	if s.values++; s.values > jsonMaxValues {
		return nil, s.refuse(s.at, "more than %d values", jsonMaxValues)
	}
	c := s.peek()
	switch c {
	case '{', '[':
		if s.depth++; s.depth > jsonMaxDepth {
			return nil, s.refuse(s.at, "more than %d levels", jsonMaxDepth)
		}
		s.at++
		scan := s.scanArray
		if c == '{' {
			scan = s.scanObject
		}
		value, err := scan()
		s.depth--
		return value, err
	case '"':
		return s.scanString()
	case 't':
		return s.scanWord("true", true)
	case 'f':
		return s.scanWord("false", false)
	case 'n':
		return s.scanWord("null", nil)
	}
	if c == '-' || isDigit(c) {
		return s.scanNumber()
	}
	return nil, s.refuseByte("a value")
}

func (s *jsonScanner) scanFile() (any, error) {
	s.skipSpace()
	if s.at == len(s.data) {
		return nil, s.refuse(s.at, "the file is empty")
	}
	value, err := s.scanValue()
	if err != nil {
		return nil, err
	}
	s.skipSpace()
	if s.at < len(s.data) {
		return nil, s.refuseByte("the end of the file")
	}
	return value, nil
}
