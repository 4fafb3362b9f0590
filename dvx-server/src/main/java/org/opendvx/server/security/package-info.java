/** Who may do what: private files, certificates, tokens, roles. */
@NullMarked
package org.opendvx.server.security;

import org.jspecify.annotations.NullMarked;
