/** The certificate authority for agents. */
@NullMarked
package org.opendvx.coordinator.pki;

import org.jspecify.annotations.NullMarked;
