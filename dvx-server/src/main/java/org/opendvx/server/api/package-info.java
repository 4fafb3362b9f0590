/** What REST carries, as records: the server writes them, the command line reads them. */
@NullMarked
package org.opendvx.server.api;

import org.jspecify.annotations.NullMarked;
