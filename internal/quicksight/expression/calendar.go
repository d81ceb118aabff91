package expression

// Work days are Monday to Friday. They are counted from a Monday that lies before all dates.
var calendarFunctions = map[string]function{
	"isworkday":   simple(Boolean, "(isodow($1) < 6)", Datetime),
	"addworkdays": {min: 2, max: 2, compile: addWorkDays},
	"networkdays": {min: 2, max: 2, compile: netWorkDays},
}

const firstMonday = "DATE '0001-01-01'"

// dayNumber prints the days between the first Monday and a date, whose remainder by seven is the day of the week.
func dayNumber(d string) string {
	return "date_diff('day', " + firstMonday + ", CAST(" + d + " AS DATE))"
}

// workDays prints how many work days lie between the first Monday and the day k; a day of a weekend counts as its place among the
// five says.
func workDays(k, weekend string) string {
	return "((" + k + " // 7) * 5 + least(" + k + " % 7, " + weekend + "))"
}

// addWorkDays steps over weekends. From a day of a weekend it goes on from its Friday, and back from the Monday after it.
func addWorkDays(_ *compiler, call *Call, args []Value) (Value, error) {
	d, err := want(call, args, 0, Datetime)
	if err != nil {
		return Value{}, err
	}
	n, err := want(call, args, 1, Integer)
	if err != nil {
		return Value{}, err
	}
	at := "(" + workDays(dayNumber(d), "CASE WHEN "+n+" < 0 THEN 5 ELSE 4 END") + " + " + n + ")"
	day := firstMonday + " + CAST((" + at + " // 5) * 7 + " + at + " % 5 AS INTEGER)"
	return Value{SQL: "CAST(" + try(args, day) + " AS TIMESTAMP)", Type: Datetime}, nil
}

// netWorkDays counts the work days from one date to another, both of them included; backwards it is negative.
func netWorkDays(_ *compiler, call *Call, args []Value) (Value, error) {
	a, err := want(call, args, 0, Datetime)
	if err != nil {
		return Value{}, err
	}
	b, err := want(call, args, 1, Datetime)
	if err != nil {
		return Value{}, err
	}
	a, b = dayNumber(a), dayNumber(b)
	between := func(from, to string) string {
		return "(" + workDays("("+to+" + 1)", "5") + " - " + workDays(from, "5") + ")"
	}
	return Value{SQL: "(CASE WHEN " + a + " <= " + b + " THEN " + between(a, b) + " ELSE -" + between(b, a) + " END)", Type: Integer}, nil
}
