package logs

import (
	"strings"

	"tarn/api/logs"
	"tarn/internal/awsapi"
)

// Service answers the operations of CloudWatch Logs on a Store.
type Service struct{ s *Store }

// NewService answers operations on s.
func NewService(s *Store) *Service { return &Service{s} }

// What one answer holds at most.
const (
	mostEvents = 10000
	mostBytes  = 1 << 20
)

// overhead is what an event counts beside its message, as CloudWatch counts.
const overhead = 26

func limit(given *int32, most int) int {
	if given == nil || *given <= 0 || int(*given) > most {
		return most
	}
	return int(*given)
}

func noGroup() error {
	return logs.ResourceNotFoundException("The specified log group does not exist.")
}

func noStream() error {
	return logs.ResourceNotFoundException("The specified log stream does not exist.")
}

func badToken() error {
	return logs.InvalidParameterException("The specified nextToken is invalid.")
}

// groupOf is the group that a request names, by name or ARN.
func groupOf(name, identifier *string) (string, error) {
	if n := awsapi.Val(name); n != "" {
		return n, nil
	}
	id := awsapi.Val(identifier)
	if _, rest, ok := strings.Cut(id, ":log-group:"); ok {
		return strings.TrimSuffix(rest, ":*"), nil
	}
	if id == "" {
		return "", logs.InvalidParameterException("A log group is needed: logGroupName or logGroupIdentifier.")
	}
	return id, nil
}
