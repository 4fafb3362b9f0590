/** Tests of the datastore. */
@NullMarked
package org.opendvx.core.datastore;

import org.jspecify.annotations.NullMarked;
