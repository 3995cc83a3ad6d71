// Stage "hostname" (child): sethostname(2) in the new UTS namespace; c/hostname.c does the same.

package gobox

import "syscall"

// hostnameSet sets spec hostname; it does nothing where the spec has none.
func hostnameSet(c *Container) error {
	name := c.Spec.Hostname

	if name == "" {
		return nil
	}
	eventsCall(c, "sethostname(\"%s\")", name)
	if err := syscall.Sethostname([]byte(name)); err != nil {
		result := errorSys(err, "setting the host name %s", name)
		if err == syscall.EPERM {
			errorHint(result, "a host name needs a uts namespace of the same user namespace")
		}
		return result
	}
	eventsFact(c, "hostname", "%s", name)
	return nil
}
