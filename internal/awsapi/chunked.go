package awsapi

import "net/http"

type chunkedBody struct{ trailers http.Header }
