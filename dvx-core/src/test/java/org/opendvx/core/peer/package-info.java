@NullMarked
package org.opendvx.core.peer;

import org.jspecify.annotations.NullMarked;
