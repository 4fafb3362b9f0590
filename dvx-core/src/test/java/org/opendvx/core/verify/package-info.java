@NullMarked
package org.opendvx.core.verify;

import org.jspecify.annotations.NullMarked;
