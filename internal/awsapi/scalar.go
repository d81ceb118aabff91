package awsapi

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
)

// setScalar parses text into v, a pointer to a scalar, a scalar or a blob.
func setScalar(v reflect.Value, text string) error {
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		if err := setScalar(p.Elem(), text); err != nil {
			return err
		}
		v.Set(p)
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is not a boolean", text)
		}
		v.SetBool(b)
	case reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not an integer", text)
		}
		v.SetInt(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", text)
		}
		v.SetFloat(f)
	case reflect.Struct:
		if v.Type() != timeType {
			return fmt.Errorf("%s is not a scalar", v.Type())
		}
		t, err := parseTime(text)
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(Time{t}))
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			return fmt.Errorf("%s is not a scalar", v.Type())
		}
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return fmt.Errorf("not base64: %w", err)
		}
		v.SetBytes(b)
	default:
		return fmt.Errorf("%s is not a scalar", v.Type())
	}
	return nil
}

// scalarText is the text of a scalar; ok is false for structures, lists, maps and absent values.
func scalarText(v reflect.Value, ts string) (string, bool) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "", false
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), true
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), true
	case reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), true
	case reflect.Float64:
		f := v.Float()
		if f == math.Trunc(f) && math.Abs(f) < 1e15 {
			return strconv.FormatFloat(f, 'f', 1, 64), true
		}
		return strconv.FormatFloat(f, 'g', -1, 64), true
	case reflect.Struct:
		if v.Type() == timeType {
			return formatTime(timeOf(v), ts), true
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 && !v.IsNil() {
			return base64.StdEncoding.EncodeToString(v.Bytes()), true
		}
	}
	return "", false
}
