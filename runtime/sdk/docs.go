package sdk

import "picloud/runtime"

func documentType() *runtime.Type { return runtime.NewType("docs", "x") }
